//! `match`: what the patterns ask of a subject (PEP 634).

use crate::value::{Class, Gc, Raised, Result, Str, Tuple, Value, dict::Found, hash, symbols, types};

use super::Vm;

impl Vm {
    /// A list, tuple, range, or an object registered as `collections.abc.Sequence`; no str or bytes.
    pub(super) fn is_sequence(&mut self, subject: &Value) -> Result<bool> {
        match subject {
            Value::List(_) | Value::Tuple(_) | Value::Range(_) => return Ok(true),
            Value::Str(_) | Value::Bytes(_) | Value::Dict(_) | Value::Set(_) => return Ok(false),
            _ => {}
        }
        let class = Value::Class(subject.class());
        Ok(self.is_sequence_class(&class)? && (!self.is_mapping_class(&class)? || self.is_first_sequence(subject)?))
    }

    /// For an object that is both a sequence and a mapping: whether the first of its bases that is only one of
    /// these is a sequence.
    #[cold]
    fn is_first_sequence(&mut self, subject: &Value) -> Result<bool> {
        for class in subject.class().search_order() {
            let class = Value::Class(class);
            let is_sequence = self.is_sequence_class(&class)?;
            if is_sequence != self.is_mapping_class(&class)? {
                return Ok(is_sequence);
            }
        }
        Ok(true)
    }

    fn is_sequence_class(&mut self, class: &Value) -> Result<bool> {
        let types = types();
        let is_derived = |bases: &[&Class]| match class {
            Value::Class(class) => bases.iter().any(|base| class.is_subclass(base)),
            _ => false,
        };
        if is_derived(&[&types.list, &types.tuple, &types.range]) {
            return Ok(true);
        }
        if is_derived(&[&types.str, &types.bytes, &types.bytearray]) {
            return Ok(false);
        }
        self.is_abstract(class, "Sequence")
    }

    fn is_mapping_class(&mut self, class: &Value) -> Result<bool> {
        match class {
            Value::Class(class) if class.is_subclass(&types().dict) => Ok(true),
            _ => self.is_abstract(class, "Mapping"),
        }
    }

    pub(super) fn is_mapping(&mut self, subject: &Value) -> Result<bool> {
        match subject {
            Value::Dict(_) => return Ok(true),
            Value::Instance(_) => {}
            _ => return Ok(false),
        }
        let class = Value::Class(subject.class());
        Ok(self.is_mapping_class(&class)? && (!self.is_sequence_class(&class)? || !self.is_first_sequence(subject)?))
    }

    /// Whether a class is derived from an abstract one of `collections.abc`, if that module has been imported
    /// at all (nothing can be registered before).
    fn is_abstract(&mut self, subject: &Value, name: &str) -> Result<bool> {
        let loaded = self.hooks.loaded_module;
        let Some(module) = loaded(&Str::intern("collections.abc")) else { return Ok(false) };
        match module.get(name) {
            Some(class) => self.is_subclass(subject, &class),
            None => Ok(false),
        }
    }

    /// The values under the keys, or None when one is missing.
    pub(super) fn match_keys(&mut self, subject: &Value, keys: &Value) -> Result<Value> {
        let (subject, keys) = (subject.clone(), keys.clone());
        let Value::Tuple(keys) = keys else { return Ok(Value::None) };
        let mut values = Vec::with_capacity(keys.len());
        for (index, key) in keys.items().iter().enumerate() {
            if keys.items()[..index].iter().any(|earlier| hash::equal(earlier, key) == Some(true)) {
                let key = self.repr(key)?;
                return Err(Raised::value_error(format!("mapping pattern checks duplicate key ({key})")));
            }
            let value = match subject.native() {
                Value::Dict(dict) => {
                    let hash = self.hash(key)?;
                    match dict.find(key, hash) {
                        Found::At(index) => Some(dict.value_at(index)),
                        Found::Missing => None,
                        Found::Undecided => self.dict_get(dict, key)?,
                    }
                }
                _ => {
                    let marker = Value::list(Vec::new());
                    let get = self.get_attribute(&subject, &Str::intern("get"))?;
                    let value = self.call(&get, &[key.clone(), marker.clone()])?;
                    (!value.is(&marker)).then_some(value)
                }
            };
            match value {
                Some(value) => values.push(value),
                None => return Ok(Value::None),
            }
        }
        Ok(Value::tuple(values))
    }

    /// The attributes a class pattern asks for, or None when the subject does not match.
    pub(super) fn match_class(
        &mut self,
        subject: &Value,
        class: &Value,
        names: &Value,
        positional: usize,
    ) -> Result<Value> {
        let (subject, class, names) = (subject.clone(), class.clone(), names.clone());
        let Value::Class(kind) = &class else {
            return Err(Raised::type_error("called match pattern must be a class"));
        };
        if !self.is_instance(&subject, &class)? {
            return Ok(Value::None);
        }
        let mut values = Vec::new();
        let mut seen: Vec<Str> = Vec::new();
        if positional > 0 {
            let match_args = self.get_attribute_if_any(&class, &symbols().match_args)?;
            let (args, is_self) = match match_args {
                Some(Value::Tuple(args)) => (args, false),
                Some(other) => {
                    return Err(Raised::type_error(format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        kind.name(),
                        other.type_name()
                    )));
                }
                None => (Gc::new(Tuple::new(Vec::new())), matches_itself(kind)),
            };
            let most = if is_self { 1 } else { args.len() };
            if positional > most {
                return Err(Raised::type_error(format!(
                    "{}() accepts {most} positional sub-pattern{} ({positional} given)",
                    kind.name(),
                    if most == 1 { "" } else { "s" }
                )));
            }
            if is_self {
                values.push(subject.clone());
            }
            for name in args.items().iter().take(if is_self { 0 } else { positional }) {
                let Some(name) = name.as_str() else {
                    return Err(Raised::type_error(format!(
                        "__match_args__ elements must be strings (got {})",
                        name.type_name()
                    )));
                };
                if let Some(result) = self.pattern_attribute(&subject, kind, name, &mut seen)? {
                    values.push(result);
                } else {
                    return Ok(Value::None);
                }
            }
        }
        if let Value::Tuple(names) = &names {
            for name in names.items() {
                let Some(name) = name.as_str() else { continue };
                match self.pattern_attribute(&subject, kind, name, &mut seen)? {
                    Some(value) => values.push(value),
                    None => return Ok(Value::None),
                }
            }
        }
        Ok(Value::tuple(values))
    }

    fn pattern_attribute(
        &mut self,
        subject: &Value,
        class: &crate::value::Class,
        name: &Str,
        seen: &mut Vec<Str>,
    ) -> Result<Option<Value>> {
        if seen.contains(name) {
            return Err(Raised::type_error(format!(
                "{}() got multiple sub-patterns for attribute '{name}'",
                class.name()
            )));
        }
        seen.push(name.clone());
        self.get_attribute_if_any(subject, name)
    }
}

/// The builtin classes whose single positional pattern is the subject itself.
fn matches_itself(class: &crate::value::Class) -> bool {
    let types = types();
    [
        &types.bool,
        &types.bytearray,
        &types.bytes,
        &types.dict,
        &types.float,
        &types.frozenset,
        &types.int,
        &types.list,
        &types.set,
        &types.str,
        &types.tuple,
    ]
    .into_iter()
    .any(|builtin| class.is_subclass(builtin))
}
