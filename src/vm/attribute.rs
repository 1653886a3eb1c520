//! Attributes: lookup along the class, descriptors, inline caches.
//!
//! The rules are those of CPython's `PyObject_GenericGetAttr` and `type_getattro`. A native method on a
//! class binds as its row says; `property`, `classmethod`, `staticmethod`, slots and `super` are known
//! by their payloads; anything else with `__get__` is asked.

use smallvec::SmallVec;

use crate::bytecode::Register;
use crate::value::class::is_custom;
use crate::value::code::{CacheKind, Site};
use crate::value::descriptor::{ClassMethod, Member, Property, StaticMethod, Super};
use crate::value::native::Binding;
use crate::value::{BoundMethod, Class, Gc, NativeFunction, Raised, Result, Str, Value, shape, symbols, types};

use super::frame::FrameKind;
use super::{Vm, kind_number, type_name};

impl Vm {
    /// `object.name`.
    pub fn get_attribute(&mut self, object: &Value, name: &Str) -> Result<Value> {
        let name = &name.interned();
        match self.find_attribute(object, name)? {
            Some(value) => Ok(value),
            None => Err(no_attribute(object, name)),
        }
    }

    /// The AttributeError for an attribute that an object does not have.
    pub fn missing_attribute(&self, object: &Value, name: &Str) -> Raised {
        no_attribute(object, name)
    }

    /// None instead of an AttributeError.
    pub fn get_attribute_if_any(&mut self, object: &Value, name: &Str) -> Result<Option<Value>> {
        match self.find_attribute(object, &name.interned()) {
            Err(raised) if raised.is_a(&types().attribute_error) => Ok(None),
            result => result,
        }
    }

    /// The attribute, with `__getattribute__` and `__getattr__` of the script; None when there is none.
    fn find_attribute(&mut self, object: &Value, name: &Str) -> Result<Option<Value>> {
        let names = symbols();
        let class = object.class();
        let result = if class.has_custom_access.get()
            && let Some(custom) = class.lookup(&names.getattribute)
            && is_custom(&custom, &names.getattribute)
        {
            let custom = self.bind(custom, object, &class)?;
            self.call(&custom, &[Value::Str(name.clone())]).map(Some)
        } else {
            self.find_plain(object, &class, name)
        };
        let missing = match &result {
            Ok(None) => true,
            Err(raised) => raised.is_a(&types().attribute_error),
            Ok(Some(_)) => false,
        };
        if missing && let Some(fallback) = class.lookup(&names.getattr) {
            let fallback = self.bind(fallback, object, &class)?;
            return self.call(&fallback, &[Value::Str(name.clone())]).map(Some);
        }
        result
    }

    /// What `object.__getattribute__` finds.
    pub fn find_plain(&mut self, object: &Value, class: &Class, name: &Str) -> Result<Option<Value>> {
        match object {
            Value::Class(this) => return self.find_on_class(this, class, name),
            Value::Instance(instance) => {
                if let Some(super_) = instance.payload::<Super>() {
                    return self.find_on_super(object, super_, class, name);
                }
            }
            _ => {}
        }
        let found = class.lookup(name);
        if let Some(descriptor) = &found
            && is_data_descriptor(descriptor)
            && is_read_through(descriptor)
        {
            return self.bind(descriptor.clone(), object, class).map(Some);
        }
        if let Some(own) = self.own_attribute(object, name) {
            return Ok(Some(own));
        }
        match found {
            Some(found) => self.bind(found, object, class).map(Some),
            None if name.same(&symbols().class) => Ok(Some(Value::Class(class.clone()))),
            None => match object {
                Value::Method(method) if !matches!(method.function, Value::Native(_)) => {
                    let function = method.function.clone();
                    self.get_attribute(&function, name).map(Some)
                }
                Value::Module(module) => match module.globals.get_str(&symbols().getattr) {
                    Some(fallback) => self.call(&fallback, &[Value::Str(name.clone())]).map(Some),
                    None => Ok(None),
                },
                _ => Ok(None),
            },
        }
    }

    /// An attribute of the object itself.
    fn own_attribute(&mut self, object: &Value, name: &Str) -> Option<Value> {
        match object {
            Value::Instance(instance) => instance.get(name),
            Value::Exception(exception) => exception.get(name),
            Value::Module(module) => module.globals.get_str(name),
            Value::Function(function) => function.attribute(name),
            Value::Method(method) => match &method.function {
                Value::Function(function) => function.attribute(name),
                _ => None,
            },
            _ => object.as_future()?.get(name),
        }
    }

    fn find_on_class(&mut self, this: &Class, metaclass: &Class, name: &Str) -> Result<Option<Value>> {
        let object = Value::Class(this.clone());
        let found = metaclass.lookup(name);
        if let Some(descriptor) = &found
            && is_data_descriptor(descriptor)
            && is_read_through(descriptor)
        {
            return self.bind(descriptor.clone(), &object, metaclass).map(Some);
        }
        if let Some(own) = this.lookup(name) {
            return self.bind_to_class(own, this).map(Some);
        }
        match found {
            Some(found) => self.bind(found, &object, metaclass).map(Some),
            None if name.same(&symbols().class) => Ok(Some(Value::Class(metaclass.clone()))),
            None => Ok(None),
        }
    }

    fn find_on_super(&mut self, object: &Value, super_: &Super, class: &Class, name: &Str) -> Result<Option<Value>> {
        if !name.same(&symbols().class)
            && !super_.receiver.is_unbound()
            && let Some(found) = super_.start.lookup_after(&super_.class, name)
        {
            let receiver = super_.receiver.clone();
            if let Value::Class(receiver) = &receiver
                && receiver.is_subclass(&super_.class)
            {
                return self.bind_to_class(found, receiver).map(Some);
            }
            return self.bind(found, &receiver, &super_.start.clone()).map(Some);
        }
        match class.lookup(name) {
            Some(found) => self.bind(found, object, class).map(Some),
            None => Ok(None),
        }
    }

    /// What an attribute found on a class is when read through an instance.
    pub fn bind(&mut self, found: Value, object: &Value, class: &Class) -> Result<Value> {
        match &found {
            Value::Function(_) => Ok(bound(found, object.clone())),
            Value::Native(native) => match native.row.binding {
                Binding::Method if native.owner.is_some() => Ok(bound(found, object.clone())),
                Binding::Class => Ok(bound(found, Value::Class(class.clone()))),
                Binding::Getter => native.clone().call(self, std::slice::from_ref(object)),
                Binding::Method | Binding::Static => Ok(found),
            },
            Value::Instance(descriptor) => {
                if let Some(property) = descriptor.payload::<Property>() {
                    let getter = property.getter.get();
                    if getter.is_none() {
                        return Err(property_error(property, object, "getter"));
                    }
                    return self.call(&getter, std::slice::from_ref(object));
                }
                if let Some(method) = descriptor.payload::<ClassMethod>() {
                    return Ok(bound(method.0.get(), Value::Class(class.clone())));
                }
                if let Some(method) = descriptor.payload::<StaticMethod>() {
                    return Ok(method.0.get());
                }
                if let Some(member) = descriptor.payload::<Member>() {
                    return self.member(member, object);
                }
                match descriptor.class_ref().lookup(&symbols().get) {
                    Some(get) => self.call(&get, &[found.clone(), object.clone(), Value::Class(class.clone())]),
                    None => Ok(found),
                }
            }
            _ => Ok(found),
        }
    }

    /// What an attribute found on a class is when read through the class.
    pub(super) fn bind_to_class(&mut self, found: Value, class: &Class) -> Result<Value> {
        match &found {
            Value::Native(native) if native.row.binding == Binding::Class => {
                Ok(bound(found, Value::Class(class.clone())))
            }
            Value::Instance(descriptor) => {
                if let Some(method) = descriptor.payload::<ClassMethod>() {
                    return Ok(bound(method.0.get(), Value::Class(class.clone())));
                }
                if let Some(method) = descriptor.payload::<StaticMethod>() {
                    return Ok(method.0.get());
                }
                if descriptor.payload::<Property>().is_some() || descriptor.payload::<Member>().is_some() {
                    return Ok(found);
                }
                match descriptor.class_ref().lookup(&symbols().get) {
                    Some(get) => self.call(&get, &[found.clone(), Value::None, Value::Class(class.clone())]),
                    None => Ok(found),
                }
            }
            _ => Ok(found),
        }
    }

    fn member(&mut self, member: &Member, object: &Value) -> Result<Value> {
        if !matches!(object, Value::Instance(_) | Value::Exception(_)) {
            return Err(no_attribute(object, &member.name));
        }
        match member.read(object) {
            Some(value) => Ok(value),
            None => Err(empty_slot(object, &member.name)),
        }
    }

    /// The special method, bound; None when the class has none.
    pub fn special(&mut self, object: &Value, name: &Str) -> Result<Option<Value>> {
        let class = object.class();
        match class.lookup(name) {
            Some(found) => self.bind(found, object, &class).map(Some),
            None => Ok(None),
        }
    }

    /// `LoadAttribute` when the cache does not hit. None: a frame was pushed that writes `dst`.
    pub(super) fn load_attribute(&mut self, object: &Value, site: &Site, dst: Register) -> Result<Option<Value>> {
        let name = &site.name;
        match object {
            Value::Instance(instance)
                if site.cache.kind.get() == CacheKind::Getter
                    && site.cache.key.get() == instance.class_ref().version()
                    && let Value::Function(getter) = site.cache.value.get() =>
            {
                self.push_quick(getter, &mut [object.clone()], dst, FrameKind::Call)?;
                return Ok(None);
            }
            Value::Instance(instance)
                if !instance.class_ref().has_custom_access.get() && instance.payload::<Super>().is_none() =>
            {
                let class = instance.class();
                let found = class.lookup(name);
                let shape = instance.shape.get();
                match &found {
                    // An AttributeError in a getter must reach `__getattr__`: such a class takes the long way.
                    Some(Value::Instance(descriptor))
                        if let Some(property) = descriptor.payload::<Property>()
                            && let getter @ Value::Function(_) = property.getter.get()
                            && class.lookup(&symbols().getattr).is_none() =>
                    {
                        if matches!(&getter, Value::Function(function) if function.code.quick_arguments == 1) {
                            fill(site, CacheKind::Getter, class.version(), 0, 0);
                            site.cache.value.set(getter.clone());
                        }
                        return self.call_owned(getter, SmallVec::from_iter([object.clone()]), &[], dst);
                    }
                    Some(Value::Instance(descriptor))
                        if shape != shape::DICTIONARY
                            && let Some(member) = descriptor.payload::<Member>()
                            && let Some(slot) = shape.slot(&member.hidden) =>
                    {
                        fill(site, CacheKind::Slot, class.version(), shape.0, slot as u32);
                        return Ok(instance.slots.borrow().get(slot).cloned());
                    }
                    Some(descriptor) if is_data_descriptor(descriptor) => {}
                    _ if shape != shape::DICTIONARY => match (shape.slot(name), &found) {
                        (Some(slot), _) => {
                            fill(site, CacheKind::Slot, class.version(), shape.0, slot as u32);
                            return Ok(instance.slots.borrow().get(slot).cloned());
                        }
                        (None, Some(value)) if is_plain(value) => {
                            fill(site, CacheKind::ClassValue, class.version(), shape.0, 0);
                            site.cache.value.set(value.clone());
                            return Ok(Some(value.clone()));
                        }
                        _ => {}
                    },
                    _ => {}
                }
            }
            Value::Module(module) if module.is_plain() => {
                if let Some(index) = module.globals.find_str(name) {
                    fill(site, CacheKind::Entry, module.globals.ensure_version(), 0, index as u32);
                    return Ok(Some(module.globals.value_at(index)));
                }
            }
            _ => {}
        }
        let object = object.clone();
        self.get_attribute(&object, name).map(Some)
    }

    /// `LoadMethod` when the cache does not hit: the function and its receiver, or the attribute and
    /// unbound.
    pub(super) fn load_method(&mut self, object: &Value, site: &Site) -> Result<(Value, Value)> {
        let name = &site.name;
        let kind = kind_number(object);
        match object {
            Value::Instance(instance) if !instance.class_ref().has_custom_access.get() => {
                if let Some(super_) = instance.payload::<Super>() {
                    if let Some(found @ Value::Function(_)) = super_.start.lookup_after(&super_.class, name)
                        && !matches!(super_.receiver, Value::Unbound | Value::Class(_))
                    {
                        return Ok((found, super_.receiver.clone()));
                    }
                } else {
                    let class = instance.class();
                    let shape = instance.shape.get();
                    if let Some(found) = class.lookup(name)
                        && is_method(&found)
                        && (shape == shape::DICTIONARY && instance.get(name).is_none()
                            || shape != shape::DICTIONARY && shape.slot(name).is_none())
                    {
                        if shape != shape::DICTIONARY {
                            fill(site, CacheKind::Method, class.version(), shape.0, 0);
                            site.cache.value.set(found.clone());
                        }
                        return Ok((found, object.clone()));
                    }
                }
            }
            Value::Module(module) if module.is_plain() => {
                if let Some(index) = module.globals.find_str(name) {
                    fill(site, CacheKind::Entry, module.globals.ensure_version(), 0, index as u32);
                    return Ok((module.globals.value_at(index), Value::Unbound));
                }
            }
            Value::Class(_) | Value::Exception(_) | Value::Function(_) | Value::Instance(_) => {}
            _ => {
                let class = object.class();
                if class.is_builtin()
                    && let Some(found @ Value::Native(_)) = class.lookup(name)
                    && is_method(&found)
                {
                    if kind != 0 {
                        fill(site, CacheKind::NativeMethod, kind, 0, 0);
                        site.cache.value.set(found.clone());
                    }
                    return Ok((found, object.clone()));
                }
            }
        }
        let object = object.clone();
        Ok((self.get_attribute(&object, name)?, Value::Unbound))
    }

    /// `StoreAttribute` when the cache does not hit.
    pub(super) fn store_attribute(&mut self, object: &Value, site: &Site, value: Value) -> Result<()> {
        if let Value::Instance(instance) = object
            && !instance.class_ref().has_custom_access.get()
            && let Some(Value::Instance(descriptor)) = instance.class_ref().lookup(&site.name)
            && let Some(member) = descriptor.payload::<Member>()
            && instance.shape.get() != shape::DICTIONARY
            && let Some(slot) = instance.shape.get().slot(&member.hidden)
        {
            fill(site, CacheKind::Slot, instance.class_ref().version(), instance.shape.get().0, slot as u32);
            let old = std::mem::replace(&mut instance.slots.borrow_mut()[slot], value);
            drop(old);
            return Ok(());
        }
        if let Value::Instance(instance) = object
            && !instance.class_ref().has_custom_access.get()
            && instance.class_ref().has_dictionary.get()
        {
            let class = instance.class();
            let name = &site.name;
            if class.lookup(name).is_none_or(|found| !is_data_descriptor(&found)) {
                let before = instance.shape.get();
                instance.set(name, value);
                let after = instance.shape.get();
                if before == after && before != shape::DICTIONARY {
                    if let Some(slot) = before.slot(name) {
                        fill(site, CacheKind::Slot, class.version(), before.0, slot as u32);
                    }
                } else if after != shape::DICTIONARY {
                    fill(site, CacheKind::Transition, class.version(), before.0, after.0);
                }
                return Ok(());
            }
        }
        let (object, name) = (object.clone(), site.name.clone());
        self.set_attribute(&object, &name, value)
    }

    /// `object.name = value`, with `__setattr__` of the script.
    pub fn set_attribute(&mut self, object: &Value, name: &Str, value: Value) -> Result<()> {
        let class = object.class();
        if class.has_custom_access.get()
            && let Some(custom) = class.lookup(&symbols().setattr)
            && is_custom(&custom, &symbols().setattr)
        {
            let custom = self.bind(custom, object, &class)?;
            return self.call(&custom, &[Value::Str(name.clone()), value]).map(drop);
        }
        self.set_plain(object, name, Some(value))
    }

    /// `del object.name`, with `__delattr__` of the script.
    pub fn delete_attribute(&mut self, object: &Value, name: &Str) -> Result<()> {
        let class = object.class();
        if class.has_custom_access.get()
            && let Some(custom) = class.lookup(&symbols().delattr)
            && is_custom(&custom, &symbols().delattr)
        {
            let custom = self.bind(custom, object, &class)?;
            return self.call(&custom, &[Value::Str(name.clone())]).map(drop);
        }
        self.set_plain(object, name, None)
    }

    /// What `object.__setattr__` (or, without a value, `object.__delattr__`) does.
    pub fn set_plain(&mut self, object: &Value, name: &Str, value: Option<Value>) -> Result<()> {
        let name = &name.interned();
        let class = object.class();
        if let Some(found) = class.lookup(name)
            && let Some(result) = self.set_through(&found, object, name, &value)
        {
            return result;
        }
        let set_builtin = self.hooks.set_builtin_attribute;
        match object {
            Value::Instance(instance) => {
                if !class.has_dictionary.get() {
                    return Err(no_attribute_to_set(object, name, &class));
                }
                match value {
                    Some(value) => instance.set(name, value),
                    None => drop(instance.remove(name).ok_or_else(|| no_attribute(object, name))?),
                }
                Ok(())
            }
            Value::Module(module) => {
                match value {
                    Some(value) => module.globals.set_str(name, value),
                    None => drop(module.globals.remove_str(name).ok_or_else(|| {
                        let kind = class.name();
                        Raised::attribute_error(format!("'{kind}' object has no attribute '{name}'"))
                    })?),
                }
                Ok(())
            }
            Value::Class(this) => {
                if this.is_builtin() {
                    return Err(Raised::type_error(format!(
                        "cannot set '{name}' attribute of immutable type '{}'",
                        this.name()
                    )));
                }
                if let Some(result) = set_builtin(self, object, name, value.clone()) {
                    return result;
                }
                match value {
                    Some(value) => this.set(name, value),
                    None => drop(this.remove(name).ok_or_else(|| no_attribute(object, name))?),
                }
                Ok(())
            }
            _ => {
                if let Some(result) = set_builtin(self, object, name, value.clone()) {
                    return result;
                }
                let dict = match object {
                    Value::Function(function) => function.attributes(),
                    Value::Exception(exception) => exception.dictionary(),
                    _ => match object.as_future() {
                        Some(future) if !class.is_builtin() => future.dictionary(),
                        _ => return Err(no_attribute_to_set(object, name, &class)),
                    },
                };
                match value {
                    Some(value) => dict.set_str(name, value),
                    None => drop(dict.remove_str(name).ok_or_else(|| no_attribute(object, name))?),
                }
                Ok(())
            }
        }
    }

    /// Sets or deletes through a data descriptor found on the class; None when it is none.
    fn set_through(&mut self, found: &Value, object: &Value, name: &Str, value: &Option<Value>) -> Option<Result<()>> {
        match found {
            Value::Native(native) if native.row.binding == Binding::Getter => {
                let set_builtin = self.hooks.set_builtin_attribute;
                set_builtin(self, object, name, value.clone()).or_else(|| Some(Err(read_only(native, object))))
            }
            Value::Instance(descriptor) => {
                if let Some(property) = descriptor.payload::<Property>() {
                    let (function, what) = match value {
                        Some(_) => (property.setter.get(), "setter"),
                        None => (property.deleter.get(), "deleter"),
                    };
                    if function.is_none() {
                        return Some(Err(property_error(property, object, what)));
                    }
                    let arguments: SmallVec<[Value; 2]> =
                        std::iter::once(object.clone()).chain(value.clone()).collect();
                    return Some(self.call(&function, &arguments).map(drop));
                }
                if let Some(member) = descriptor.payload::<Member>()
                    && matches!(object, Value::Instance(_) | Value::Exception(_))
                {
                    return Some(match value {
                        Some(value) => {
                            member.write(object, value.clone());
                            Ok(())
                        }
                        None => member.remove(object).map(drop).ok_or_else(|| Raised::attribute_error(&**name)),
                    });
                }
                let names = symbols();
                let method = if value.is_some() { &names.set } else { &names.delete };
                let class = descriptor.class();
                if class.lookup(method).is_none() {
                    let other = if value.is_some() { &names.delete } else { &names.set };
                    class.lookup(other)?;
                    let what = if value.is_some() { "__set__" } else { "__delete__" };
                    return Some(Err(Raised::attribute_error(what)));
                }
                let arguments: SmallVec<[Value; 2]> = std::iter::once(object.clone()).chain(value.clone()).collect();
                self.call_special(found, method, &arguments).map(|result| result.map(drop))
            }
            _ => None,
        }
    }

    /// `__exit__` bound, and `__enter__` as it is on the class.
    pub(super) fn context_methods(&mut self, manager: &Value) -> Result<(Value, Value)> {
        let names = symbols();
        let class = manager.class();
        let missing = |method: &str| {
            Raised::type_error(format!(
                "'{}' object does not support the context manager protocol{}",
                class.name(),
                if method == "__exit__" { " (missed __exit__ method)" } else { "" }
            ))
        };
        let Some(enter) = class.lookup(&names.enter) else {
            return Err(missing("__enter__"));
        };
        let Some(exit) = class.lookup(&names.exit) else { return Err(missing("__exit__")) };
        Ok((self.bind(exit, manager, &class)?, enter))
    }

    /// `__aexit__` bound, and `__aenter__` as it is on the class.
    pub(super) fn async_context_methods(&mut self, manager: &Value) -> Result<(Value, Value)> {
        let names = symbols();
        let class = manager.class();
        let Some(enter) = class.lookup(&names.aenter) else {
            return Err(Raised::type_error(format!(
                "'{}' object does not support the asynchronous context manager protocol",
                class.name()
            )));
        };
        let Some(exit) = class.lookup(&names.aexit) else {
            return Err(Raised::type_error(format!(
                "'{}' object does not support the asynchronous context manager protocol (missed __aexit__ method)",
                class.name()
            )));
        };
        Ok((self.bind(exit, manager, &class)?, enter))
    }
}

fn fill(site: &Site, kind: CacheKind, key: u32, second_key: u32, index: u32) {
    site.cache.kind.set(kind);
    site.cache.key.set(key);
    site.cache.second_key.set(second_key);
    site.cache.index.set(index);
}

fn bound(function: Value, receiver: Value) -> Value {
    Value::Method(Gc::new(BoundMethod { function, receiver }))
}

/// A function that takes the instance as its first argument.
fn is_method(found: &Value) -> bool {
    match found {
        Value::Function(_) => true,
        Value::Native(native) => native.row.binding == Binding::Method && native.owner.is_some(),
        _ => false,
    }
}

/// Reading it through an instance gives the value itself.
fn is_plain(found: &Value) -> bool {
    match found {
        Value::Function(_) => false,
        Value::Native(native) => {
            native.row.binding == Binding::Static || native.row.binding == Binding::Method && native.owner.is_none()
        }
        Value::Instance(instance) => {
            instance.payload::<Property>().is_none()
                && instance.payload::<ClassMethod>().is_none()
                && instance.payload::<StaticMethod>().is_none()
                && instance.payload::<Member>().is_none()
                && instance.class_ref().lookup(&symbols().get).is_none()
        }
        _ => true,
    }
}

/// It is asked before the attributes of the instance.
fn is_data_descriptor(found: &Value) -> bool {
    match found {
        Value::Native(native) => native.row.binding == Binding::Getter,
        Value::Instance(instance) => {
            instance.payload::<Property>().is_some() || instance.payload::<Member>().is_some() || {
                let names = symbols();
                let class = instance.class_ref();
                !class.is_builtin() && (class.lookup(&names.set).is_some() || class.lookup(&names.delete).is_some())
            }
        }
        _ => false,
    }
}

/// Whether a data descriptor has a say in reading too; one with `__set__` alone has not.
fn is_read_through(descriptor: &Value) -> bool {
    match descriptor {
        Value::Instance(instance) if !instance.class_ref().is_builtin() => {
            instance.payload::<Property>().is_some() || instance.class_ref().lookup(&symbols().get).is_some()
        }
        _ => true,
    }
}

/// The AttributeError for an attribute of a builtin kind that cannot be set.
#[cold]
pub fn read_only(native: &NativeFunction, object: &Value) -> Raised {
    if native.row.is_member {
        return Raised::attribute_error("readonly attribute");
    }
    let owner = native.owner.as_ref().map_or_else(|| type_name(object), |owner| owner.name());
    Raised::attribute_error(format!("attribute '{}' of '{owner}' objects is not writable", native.row.name()))
}

fn property_error(property: &Property, object: &Value, what: &str) -> Raised {
    let name = match property.name.get() {
        Value::Str(name) => format!("property '{name}'"),
        _ => "property".to_string(),
    };
    let owner = object.class().qualified_name.get();
    Raised::attribute_error(format!("{name} of '{owner}' object has no {what}"))
}

/// The AttributeError for a slot with nothing in it, which names the class in full.
#[cold]
pub fn empty_slot(object: &Value, name: &Str) -> Raised {
    let class = object.class();
    let mut owner = class.qualified_name.get().to_string();
    if let Some(Value::Str(module)) = class.namespace.get_str(&symbols().module)
        && !matches!(&*module, "builtins" | "__main__")
    {
        owner = format!("{module}.{owner}");
    }
    let raised = Raised::attribute_error(format!("'{owner}' object has no attribute '{name}'"));
    raised.0.set(&symbols().name_, Value::Str(name.clone()));
    raised.0.set(&symbols().obj, object.clone());
    raised
}

#[cold]
fn no_attribute(object: &Value, name: &Str) -> Raised {
    let names = symbols();
    let message = match object {
        Value::Class(class) => format!("type object '{}' has no attribute '{name}'", class.name()),
        Value::Module(module) => {
            let shown = module.globals.get_str(&names.name);
            let shown = shown.as_ref().and_then(Value::as_str).unwrap_or(&module.name);
            format!("module '{shown}' has no attribute '{name}'")
        }
        Value::Instance(instance) if instance.payload::<Super>().is_some() => {
            format!("'super' object has no attribute '{name}'")
        }
        _ => format!("'{}' object has no attribute '{name}'", object.full_type_name()),
    };
    let raised = Raised::attribute_error(message);
    raised.0.set(&names.name_, Value::Str(name.clone()));
    raised.0.set(&names.obj, object.clone());
    raised
}

#[cold]
fn no_attribute_to_set(object: &Value, name: &Str, class: &Class) -> Raised {
    let text = if class.lookup(name).is_some() {
        format!("'{}' object attribute '{name}' is read-only", class.name())
    } else {
        format!("'{}' object has no attribute '{name}' and no __dict__ for setting new attributes", class.name())
    };
    let raised = Raised::attribute_error(text);
    raised.0.set(&symbols().name_, Value::Str(name.clone()));
    raised.0.set(&symbols().obj, object.clone());
    raised
}
