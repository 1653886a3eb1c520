//! Items: `object[index]` and `item in container`.

use smallvec::SmallVec;

use crate::bytecode::Register;
use crate::value::generic::GenericAlias;
use crate::value::{Gc, Raised, Result, Slice, Value, symbols, types};

use super::Vm;
use super::iteration::character_value;

impl Vm {
    /// `LoadItem` when the quick path does not apply. None: a frame was pushed that writes `dst`.
    pub(super) fn load_item(&mut self, object: &Value, index: &Value, dst: Register) -> Result<Option<Value>> {
        match (object, index) {
            (Value::Dict(dict), _) => {
                let (dict, index) = (dict.clone(), index.clone());
                return match self.dict_get(&dict, &index)? {
                    Some(value) => Ok(Some(value)),
                    None => Err(Raised::key_error(index)),
                };
            }
            (Value::Str(text), Value::Int(index)) if text.is_ascii() => {
                let length = text.len() as i64;
                let place = if *index < 0 { *index + length } else { *index };
                return match usize::try_from(place).ok().and_then(|place| text.as_bytes().get(place)) {
                    Some(byte) => Ok(Some(character_value(*byte as char))),
                    None => Err(Raised::index_error("string index out of range")),
                };
            }
            (Value::Instance(instance), _) => {
                if let Some(Value::Function(function)) = instance.class_ref().lookup(&symbols().getitem) {
                    let arguments = SmallVec::from_iter([object.clone(), index.clone()]);
                    return self.call_owned(Value::Function(function), arguments, &[], dst);
                }
            }
            _ => {}
        }
        let (object, index) = (object.clone(), index.clone());
        self.get_item(&object, &index).map(Some)
    }

    /// `object[index]`
    pub fn get_item(&mut self, object: &Value, index: &Value) -> Result<Value> {
        if let Value::Dict(dict) = object {
            return match self.dict_get(dict, index)? {
                Some(value) => Ok(value),
                None => Err(Raised::key_error(index.clone())),
            };
        }
        let names = symbols();
        if let Some(result) = self.call_special(object, &names.getitem, std::slice::from_ref(index)) {
            return result;
        }
        if let Value::Class(class) = object {
            if class.same(&types().type_) {
                return Ok(GenericAlias::new(object.clone(), index).value());
            }
            if let Some(method) =
                self.get_attribute_if_any(object, &names.class_getitem)?.filter(|method| !method.is_none())
            {
                return self.call(&method, std::slice::from_ref(index));
            }
            return Err(Raised::type_error(format!("type '{}' is not subscriptable", class.name())));
        }
        Err(Raised::type_error(format!("'{}' object is not subscriptable", object.type_name())))
    }

    /// `object[index] = value`
    pub fn set_item(&mut self, object: &Value, index: &Value, value: Value) -> Result<()> {
        let (object, index) = (object.clone(), index.clone());
        if let Value::Dict(dict) = &object {
            return self.dict_set(dict, index, value);
        }
        match self.call_special(&object, &symbols().setitem, &[index, value]) {
            Some(result) => result.map(drop),
            None => {
                Err(Raised::type_error(format!("'{}' object does not support item assignment", object.type_name())))
            }
        }
    }

    /// `del object[index]`
    pub fn delete_item(&mut self, object: &Value, index: &Value) -> Result<()> {
        let (object, index) = (object.clone(), index.clone());
        if let Value::Dict(dict) = &object {
            return match self.dict_remove(dict, &index)? {
                Some(_) => Ok(()),
                None => Err(Raised::key_error(index)),
            };
        }
        match self.call_special(&object, &symbols().delitem, &[index]) {
            Some(result) => result.map(drop),
            None => Err(Raised::type_error(format!("'{}' object doesn't support item deletion", object.type_name()))),
        }
    }

    /// `item in container`
    pub fn contains(&mut self, container: &Value, item: &Value) -> Result<bool> {
        match container {
            Value::Dict(dict) => {
                let (dict, item) = (dict.clone(), item.clone());
                return Ok(self.dict_get(&dict, &item)?.is_some());
            }
            Value::Set(set) => {
                let (set, item) = (set.clone(), item.clone());
                return self.set_contains(&set, &item);
            }
            Value::Str(text) => {
                return match item.as_str() {
                    Some(part) => Ok(text.contains(&**part)),
                    None => Err(Raised::type_error(format!(
                        "'in <string>' requires string as left operand, not {}",
                        item.type_name()
                    ))),
                };
            }
            Value::List(list) => {
                let (list, item) = (list.clone(), item.clone());
                let mut index = 0;
                while let Some(candidate) = list.get(index) {
                    index += 1;
                    if self.equal(&candidate, &item)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            Value::Tuple(tuple) => {
                let (tuple, item) = (tuple.clone(), item.clone());
                for candidate in tuple.items() {
                    if self.equal(candidate, &item)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            _ => {}
        }
        let (container, item) = (container.clone(), item.clone());
        let names = symbols();
        if let Some(Value::None) = container.class().lookup(&names.contains) {
            return Err(Raised::type_error(format!("'{}' object is not a container", container.type_name())));
        }
        if let Some(result) = self.call_special(&container, &names.contains, std::slice::from_ref(&item)) {
            let result = result?;
            return self.truth(&result);
        }
        let iterator = match self.iterate(&container) {
            Err(raised) if raised.is_a(&types().type_error) && container.class().lookup(&names.iter).is_none() => {
                return Err(Raised::type_error(format!(
                    "argument of type '{}' is not iterable",
                    container.type_name()
                )));
            }
            result => result?,
        };
        while let Some(candidate) = self.next(&iterator)? {
            if self.equal(&candidate, &item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn build_slice(&mut self, parts: &mut [Value]) -> Value {
        let mut take = |index: usize| parts.get_mut(index).map(std::mem::take).unwrap_or_default();
        Value::Slice(Gc::new(Slice { start: take(0), stop: take(1), step: take(2) }))
    }
}
