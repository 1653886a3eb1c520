//! Dicts and sets whose keys may need script code to be hashed or compared.

use crate::value::dict::Found;
use crate::value::{Dict, Gc, Raised, Result, Set, Str, Value, hash, symbols};

use super::Vm;
use crate::builtins::dict::{merge, plain_dict};

impl Vm {
    /// Where a key whose hash is known is in a dict.
    #[inline]
    pub fn find_in_dict(&mut self, dict: &Dict, key: &Value, hash: i64) -> Result<Option<usize>> {
        match dict.find(key, hash) {
            Found::At(index) => Ok(Some(index)),
            Found::Missing => Ok(None),
            Found::Undecided => self.find_candidate(key, || dict.candidates(hash)),
        }
    }

    /// Where a key whose hash is known is in a set.
    #[inline]
    pub fn find_in_set(&mut self, set: &Set, key: &Value, hash: i64) -> Result<Option<usize>> {
        match set.find(key, hash) {
            Found::At(index) => Ok(Some(index)),
            Found::Missing => Ok(None),
            Found::Undecided => self.find_candidate(key, || set.candidates(hash)),
        }
    }

    /// Compares a key with those that have its hash; starts again when `__eq__` has changed them.
    #[cold]
    fn find_candidate(&mut self, key: &Value, list: impl Fn() -> Vec<(usize, Value)>) -> Result<Option<usize>> {
        'again: loop {
            let candidates = list();
            for (index, candidate) in &candidates {
                if self.nest(" in comparison", |vm| vm.equal(candidate, key))? {
                    let unchanged = list().iter().any(|(other, value)| other == index && value.is(candidate));
                    if unchanged {
                        return Ok(Some(*index));
                    }
                    continue 'again;
                }
            }
            return Ok(None);
        }
    }

    #[inline]
    pub fn dict_get(&mut self, dict: &Gc<Dict>, key: &Value) -> Result<Option<Value>> {
        let hash = self.hash(key)?;
        Ok(self.find_in_dict(dict, key, hash)?.map(|index| dict.value_at(index)))
    }

    #[inline]
    pub fn dict_set(&mut self, dict: &Gc<Dict>, key: Value, value: Value) -> Result<()> {
        let hash = self.hash(&key)?;
        match self.find_in_dict(dict, &key, hash)? {
            Some(index) => drop(dict.replace_at(index, value)),
            None => dict.try_insert_new(key, hash, value)?,
        }
        Ok(())
    }

    /// Removes a key and gives its value; None when it is missing.
    pub fn dict_remove(&mut self, dict: &Gc<Dict>, key: &Value) -> Result<Option<Value>> {
        let hash = self.hash(key)?;
        Ok(self.find_in_dict(dict, key, hash)?.map(|index| dict.remove_at(index).1))
    }

    pub fn set_contains(&mut self, set: &Gc<Set>, key: &Value) -> Result<bool> {
        let hash = self.hash_or_frozen(key)?;
        Ok(self.find_in_set(set, key, hash)?.is_some())
    }

    /// Whether it was new.
    pub fn set_add(&mut self, set: &Gc<Set>, key: Value) -> Result<bool> {
        let hash = self.hash(&key)?;
        if self.find_in_set(set, &key, hash)?.is_some() {
            return Ok(false);
        }
        if set.is_crowded() {
            return Err(Raised::out_of_memory());
        }
        set.insert_new(key, hash);
        Ok(true)
    }

    /// Whether it was there.
    pub fn set_remove(&mut self, set: &Gc<Set>, key: &Value) -> Result<bool> {
        let hash = self.hash_or_frozen(key)?;
        match self.find_in_set(set, key, hash)? {
            Some(index) => {
                drop(set.remove_at(index));
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// A set is looked for in a set as if it were frozen.
    fn hash_or_frozen(&mut self, key: &Value) -> Result<i64> {
        if let Value::Set(set) = key.native()
            && !set.is_frozen()
            && !matches!(key.class().lookup(&symbols().hash), Some(Value::Function(_)))
        {
            let frozen = Value::Set(Gc::new(set.copy(true)));
            return Ok(hash::hash(&frozen).unwrap_or(0));
        }
        self.hash(key)
    }

    pub(super) fn build_set(&mut self, items: Vec<Value>) -> Result<Value> {
        let set = Gc::new(Set::new());
        for item in items {
            self.set_add(&set, item)?;
        }
        Ok(Value::Set(set))
    }

    /// A dict of keys and values in turn.
    pub(super) fn build_dict(&mut self, items: Vec<Value>) -> Result<Value> {
        let dict = Gc::new(Dict::with_capacity(items.len() / 2));
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            self.dict_set(&dict, key, value)?;
        }
        Ok(Value::Dict(dict))
    }

    pub(super) fn update_set(&mut self, set: &Value, iterable: &Value) -> Result<()> {
        let Value::Set(set) = set.clone() else { return Ok(()) };
        crate::builtins::set::update(self, &set, iterable)
    }

    /// `{**mapping}`.
    pub(super) fn update_dict(&mut self, dict: &Value, mapping: &Value) -> Result<()> {
        let Value::Dict(dict) = dict.clone() else { return Ok(()) };
        if let Some(other) = plain_dict(mapping) {
            return merge(self, &dict, other);
        }
        let Some(keys) = self.get_attribute_if_any(mapping, &crate::value::symbols().keys)? else {
            return Err(Raised::type_error(format!("'{}' object is not a mapping", mapping.type_name())));
        };
        let keys = self.call(&keys, &[])?;
        let mapping = mapping.clone();
        self.for_each(&keys, |vm, key| {
            let value = vm.get_item(&mapping, &key)?;
            vm.dict_set(&dict, key, value)
        })
    }

    /// How messages about its arguments call a function: with its module, unless that is of the builtins.
    pub(super) fn callee_name(&mut self, callee: &Value) -> String {
        let names = symbols();
        let text = |vm: &mut Vm, name: &Str| match vm.get_attribute_if_any(callee, name) {
            Ok(Some(Value::Str(text))) => Some(text),
            _ => None,
        };
        match (text(self, &names.qualname), text(self, &names.module)) {
            (Some(name), Some(module)) if &*module != "builtins" => format!("{module}.{name}()"),
            (Some(name), _) => format!("{name}()"),
            (None, _) => self.str(callee).map(|text| text.to_string()).unwrap_or_default(),
        }
    }

    /// `f(**mapping)`: the keys must not be there yet. That they are strings is asked by the call.
    pub(super) fn merge_keywords(&mut self, dict: &Value, mapping: &Value, callee: &Value) -> Result<()> {
        let Value::Dict(dict) = dict.clone() else { return Ok(()) };
        let added = Value::Dict(Gc::new(Dict::new()));
        let callee_name = |vm: &mut Vm| vm.callee_name(callee);
        if let Err(raised) = self.update_dict(&added, mapping) {
            let is_mapping =
                !raised.0.args.borrow().items().first().is_some_and(|message| {
                    message.as_str().is_some_and(|text| text.ends_with("object is not a mapping"))
                });
            if is_mapping {
                return Err(raised);
            }
            return Err(Raised::type_error(format!(
                "{} argument after ** must be a mapping, not {}",
                callee_name(self),
                mapping.type_name()
            )));
        }
        let Value::Dict(added) = added else { return Ok(()) };
        for entry in added.snapshot() {
            if self.dict_get(&dict, &entry.key)?.is_some() {
                let (callee, name) = (callee_name(self), self.str(&entry.key)?);
                return Err(Raised::type_error(format!("{callee} got multiple values for keyword argument '{name}'")));
            }
            self.dict_set(&dict, entry.key, entry.value)?;
        }
        Ok(())
    }
}
