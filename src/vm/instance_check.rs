//! `isinstance` and `issubclass`: plain classes, tuples, unions and the hooks of metaclasses.

use super::Vm;
use crate::value::generic::{GenericAlias, Union};
use crate::value::{Class, Raised, Result, Str, Value, symbols, types};

/// `class.is_subclass(value's class)` without a new reference for the common kinds.
#[inline]
fn has_class(value: &Value, class: &Class) -> bool {
    match value {
        Value::Instance(instance) => instance.class_ref().is_subclass(class),
        _ => value.class().is_subclass(class),
    }
}

/// Whether the metaclass decides in a way of its own.
fn hook(class: &Class, name: &Str) -> bool {
    let metaclass = class.metaclass();
    if metaclass.same(&types().type_) {
        return false;
    }
    match metaclass.lookup(name) {
        None => false,
        Some(Value::Native(native)) => !native.owner.as_ref().is_some_and(|owner| owner.same(&types().type_)),
        Some(_) => true,
    }
}

/// Whether instances can say that they are of another class.
fn pretends(class: &Class) -> bool {
    let names = symbols();
    class.has_custom_access.get()
        || !matches!(class.lookup(&names.class), None | Some(Value::Native(_)))
        || class.lookup(&names.getattribute).is_some_and(|found| !matches!(found, Value::Native(_)))
}

impl Vm {
    /// `isinstance(value, class)`, hooks and tuples and unions included.
    pub fn is_instance(&mut self, value: &Value, class: &Value) -> Result<bool> {
        match class {
            Value::Class(class_object) => {
                if let Value::Instance(instance) = value
                    && instance.class_ref().same(class_object)
                {
                    return Ok(true);
                }
                if hook(class_object, &symbols().instancecheck) {
                    return self.ask(class, &symbols().instancecheck, value);
                }
                self.is_plain_instance(value, class)
            }
            Value::Tuple(classes) => {
                for class in classes.items() {
                    if self.nest(" in __instancecheck__", |vm| vm.is_instance(value, class))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => {
                if let Some(members) = union_members(class) {
                    for member in members {
                        if self.is_instance(value, &member)? {
                            return Ok(true);
                        }
                    }
                    return Ok(false);
                }
                if class.payload::<GenericAlias>().is_some() {
                    return Err(Raised::type_error("isinstance() argument 2 cannot be a parameterized generic"));
                }
                match self.special(class, &symbols().instancecheck)? {
                    Some(check) => self.answer(&check, value),
                    None => self.is_plain_instance(value, class),
                }
            }
        }
    }

    /// `isinstance` without hooks: by the class, else by what the object says its `__class__` is.
    pub(crate) fn is_plain_instance(&mut self, value: &Value, class: &Value) -> Result<bool> {
        let Value::Class(class) = class else {
            if self.abstract_bases(class)?.is_none() {
                return Err(Raised::type_error("isinstance() arg 2 must be a type, a tuple of types, or a union"));
            }
            let own = self.get_attribute(value, &symbols().class)?;
            return self.is_abstract_subclass(&own, class);
        };
        if has_class(value, class) {
            return Ok(true);
        }
        match value {
            Value::Instance(instance) if pretends(instance.class_ref()) => {
                match self.get_attribute_if_any(value, &symbols().class)? {
                    Some(Value::Class(other)) => Ok(other.is_subclass(class)),
                    _ => Ok(false),
                }
            }
            _ => Ok(false),
        }
    }

    /// `value.__class__`, which only an instance of a class of the script can make another than its class.
    pub(crate) fn claimed_class(&mut self, value: &Value) -> Result<Value> {
        match value {
            Value::Instance(instance) if pretends(instance.class_ref()) => self.get_attribute(value, &symbols().class),
            _ => Ok(Value::Class(value.class())),
        }
    }

    /// `issubclass(class, other)`, hooks and tuples and unions included.
    pub fn is_subclass(&mut self, class: &Value, other: &Value) -> Result<bool> {
        match other {
            Value::Class(other_class) => {
                if hook(other_class, &symbols().subclasscheck) {
                    return self.ask(other, &symbols().subclasscheck, class);
                }
                self.is_plain_subclass(class, other)
            }
            Value::Tuple(classes) => {
                for other in classes.items() {
                    if self.nest(" in __subclasscheck__", |vm| vm.is_subclass(class, other))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => {
                if let Some(members) = union_members(other) {
                    for member in members {
                        if self.is_subclass(class, &member)? {
                            return Ok(true);
                        }
                    }
                    return Ok(false);
                }
                if other.payload::<GenericAlias>().is_some() {
                    return Err(Raised::type_error("issubclass() argument 2 cannot be a parameterized generic"));
                }
                match self.special(other, &symbols().subclasscheck)? {
                    Some(check) => self.answer(&check, class),
                    None => self.is_plain_subclass(class, other),
                }
            }
        }
    }

    /// `issubclass` without hooks.
    pub(crate) fn is_plain_subclass(&mut self, class: &Value, other: &Value) -> Result<bool> {
        if let (Value::Class(class), Value::Class(other)) = (class, other) {
            return Ok(class.is_subclass(other));
        }
        if self.abstract_bases(class)?.is_none() {
            return Err(Raised::type_error("issubclass() arg 1 must be a class"));
        }
        if self.abstract_bases(other)?.is_none() {
            return Err(Raised::type_error("issubclass() arg 2 must be a class, a tuple of classes, or a union"));
        }
        self.is_abstract_subclass(class, other)
    }

    /// The `__bases__` of what plays the part of a class, if it is a tuple.
    fn abstract_bases(&mut self, class: &Value) -> Result<Option<Vec<Value>>> {
        Ok(match self.get_attribute_if_any(class, &symbols().bases)? {
            Some(Value::Tuple(bases)) => Some(bases.items().to_vec()),
            _ => None,
        })
    }

    /// Whether one is reached from the other by `__bases__`.
    fn is_abstract_subclass(&mut self, class: &Value, other: &Value) -> Result<bool> {
        if class.is(other) {
            return Ok(true);
        }
        for base in self.abstract_bases(class)?.unwrap_or_default() {
            if self.nest(" in __issubclass__", |vm| vm.is_abstract_subclass(&base, other))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The truth of what a bound hook answers.
    fn answer(&mut self, check: &Value, argument: &Value) -> Result<bool> {
        let answer = self.call(check, std::slice::from_ref(argument))?;
        self.truth(&answer)
    }

    /// The truth of what a hook answers.
    fn ask(&mut self, class: &Value, name: &Str, argument: &Value) -> Result<bool> {
        match self.call_special(class, name, std::slice::from_ref(argument)) {
            Some(answer) => {
                let answer = answer?;
                self.truth(&answer)
            }
            None => Ok(false),
        }
    }
}

/// The members of a union as classes.
fn union_members(value: &Value) -> Option<Vec<Value>> {
    let union = value.payload::<Union>()?;
    let none = || Value::Class(types().none.clone());
    Some(union.members.items().iter().map(|member| if member.is_none() { none() } else { member.clone() }).collect())
}
