//! Calling a class: making an instance.

use smallvec::SmallVec;

use crate::bytecode::Register;
use crate::value::class::Layout;
use crate::value::{Class, Exception, Function, Gc, Instance, Raised, Result, Str, Tuple, Value, symbols, types};

use super::frame::{FrameKind, set};
use super::{Vm, makes_plain_instances};

impl Vm {
    /// `class(*arguments)`, running `__init__` in a nested loop.
    pub(super) fn call_class(&mut self, class: &Class, arguments: &[Value], names: &[Str]) -> Result<Value> {
        if let Some(call) = self.metaclass_call(class) {
            let mut all = vec![Value::Class(class.clone())];
            all.extend(arguments.iter().cloned());
            return self.call_with_keywords(&call, &all, names);
        }
        self.instantiate(class, arguments, names)
    }

    /// What `type.__call__` does: `__new__`, then `__init__` if that gave an instance of the class.
    pub fn instantiate(&mut self, class: &Class, arguments: &[Value], names: &[Str]) -> Result<Value> {
        if class.same(&types().type_) && arguments.len() == 1 && names.is_empty() {
            return Ok(Value::Class(arguments[0].class()));
        }
        if class.same(&types().str) && arguments.len() == 1 && names.is_empty() {
            return match &arguments[0] {
                text @ Value::Str(_) => Ok(text.clone()),
                other => self.str_object(other),
            };
        }
        let mut skips_init = false;
        let object = match self.quick_new(class, arguments, names)? {
            Some((object, None)) => return Ok(object),
            Some((object, Some(_))) => object,
            None => {
                let is_sealed = class.layout == Layout::Sealed;
                let new = class.lookup(&symbols().new).filter(|new| !is_sealed || !is_of_object(new));
                let Some(new) = new else {
                    let module = match class.namespace.get_str(&symbols().module) {
                        Some(Value::Str(module)) if &*module != "builtins" => format!("{module}."),
                        _ => String::new(),
                    };
                    return Err(Raised::type_error(format!("cannot create '{module}{}' instances", class.name())));
                };
                // A class with a `__new__` of its own has no use for the `__init__` of object.
                skips_init =
                    !is_of_object(&new) && class.lookup(&symbols().init).is_none_or(|init| is_of_object(&init));
                let mut all: SmallVec<[Value; 4]> = SmallVec::with_capacity(arguments.len() + 1);
                all.push(Value::Class(class.clone()));
                all.extend(arguments.iter().cloned());
                let new = self.bind_to_class(new, class)?;
                self.call_with_keywords(&new, &all, names)?
            }
        };
        if skips_init && object.class().same(class) || !object.class().is_subclass(class) {
            return Ok(object);
        }
        if let Some(init) = object.class().lookup(&symbols().init) {
            let mut all = vec![object.clone()];
            all.extend(arguments.iter().cloned());
            let (init, all) = match &init {
                Value::Function(_) | Value::Native(_) => (init, all),
                _ => (self.bind(init, &object, &object.class())?, all.split_off(1)),
            };
            let result = self.call_with_keywords(&init, &all, names)?;
            if !result.is_none() {
                return Err(init_returned(&result));
            }
        }
        Ok(object)
    }

    /// The usual call of a class of the script: makes an instance, and pushes the frame of its `__init__`. False
    /// when it is another case.
    ///
    /// # Safety
    /// A class is at `window`, its arguments behind it; pc is behind the call and saved.
    pub(super) unsafe fn enter_init(&mut self, window: *mut Value, count: usize, dst: Register) -> Result<bool> {
        unsafe {
            let Value::Class(class) = &*window else { return Ok(false) };
            if class.constructor_version.get() != class.version()
                || !class.has_plain_new.get()
                || !makes_plain_instances(class)
                || !class.metaclass().same(&types().type_)
            {
                return Ok(false);
            }
            let Some(init) = class.plain_init.get() else { return Ok(false) };
            if init.code.quick_arguments as usize != count + 1 {
                return Ok(false);
            }
            let top = self.reserve(init.code.frame_registers as usize)?;
            let instance = Value::Instance(Instance::new(class.clone()));
            let mut init = Value::Function(init);
            // The instance takes the place of the class, in front of the arguments.
            set(window, instance.clone());
            let frame = self.push_call(top, &raw mut init, window, count + 1, dst, FrameKind::Init);
            (*frame.as_ptr()).subject = instance;
            Ok(true)
        }
    }

    /// `class(*arguments)`; may push a frame for `__init__`, which writes the instance to `dst`.
    pub(super) fn enter_class(
        &mut self,
        class: &Class,
        mut arguments: SmallVec<[Value; 8]>,
        names: &[Str],
        dst: Register,
    ) -> Result<Option<Value>> {
        if !class.metaclass().same(&types().type_) {
            return self.call_class(class, &arguments, names).map(Some);
        }
        match self.quick_new(class, &arguments, names)? {
            Some((object, Some(init))) => {
                arguments.insert(0, object.clone());
                if self.start_function(init, &mut arguments, names, dst, FrameKind::Init)?.is_some() {
                    return Err(Raised::type_error("__init__() should return None, not 'coroutine'"));
                }
                // SAFETY: the frame was just pushed.
                unsafe { (*self.frame).subject = object };
                Ok(None)
            }
            Some((object, None)) => Ok(Some(object)),
            None => self.instantiate(class, &arguments, names).map(Some),
        }
    }

    /// The usual cases without calling `__new__`: a new object, with the `__init__` of the script that
    /// remains to be called, if there is one.
    fn quick_new(
        &mut self,
        class: &Class,
        arguments: &[Value],
        names: &[Str],
    ) -> Result<Option<(Value, Option<Gc<Function>>)>> {
        if class.constructor_version.get() != class.version() {
            self.classify_constructor(class);
        }
        if !class.has_plain_new.get() {
            return Ok(None);
        }
        let init = class.plain_init.get();
        if makes_plain_instances(class) {
            if init.is_none() && (!arguments.is_empty() || !names.is_empty()) {
                return Err(Raised::type_error(format!("{}() takes no arguments", class.name())));
            }
            return Ok(Some((Value::Instance(Instance::new(class.clone())), init)));
        }
        // An exception keeps its arguments, whatever `__init__` does with them.
        if init.is_none() && !names.is_empty() {
            return Ok(None);
        }
        let positional = Tuple::from_slice(&arguments[..arguments.len() - names.len()]);
        Ok(Some((Value::Exception(Exception::new(class.clone(), Gc::new(positional))), init)))
    }

    /// Finds out how instances of a class are made, until it changes.
    #[cold]
    fn classify_constructor(&mut self, class: &Class) {
        let names = symbols();
        let types = types();
        class.constructor_version.set(class.version());
        let base = match class.layout {
            Layout::Object => &types.object,
            Layout::Exception => &types.base_exception,
            _ => {
                class.has_plain_new.set(false);
                return;
            }
        };
        let same = |name: &Str| match (class.lookup(name), base.lookup(name)) {
            (Some(Value::Native(found)), Some(Value::Native(plain))) => found.same(&plain),
            (None, None) => true,
            _ => false,
        };
        let init = class.lookup(&names.init);
        let is_abstract = class.lookup(&names.abstractmethods).is_some();
        let plain = same(&names.new) && !is_abstract && !class.same(&types.object);
        match init {
            Some(Value::Function(init)) if plain => {
                class.has_plain_new.set(true);
                class.plain_init.set(Some(init));
            }
            _ => {
                class.has_plain_new.set(plain && same(&names.init));
                class.plain_init.set(None);
            }
        }
    }

    /// The `__call__` of a metaclass of the script, if it has one of its own.
    fn metaclass_call(&mut self, class: &Class) -> Option<Value> {
        let metaclass = class.metaclass();
        if metaclass.same(&types().type_) {
            return None;
        }
        metaclass.lookup(&symbols().call).filter(|call| !matches!(call, Value::Native(_)))
    }
}

/// Whether a method is the one that `object` has.
fn is_of_object(method: &Value) -> bool {
    matches!(method, Value::Native(native) if native.owner.as_ref().is_some_and(|owner| owner.same(&types().object)))
}

pub(super) fn init_returned(result: &Value) -> Raised {
    Raised::type_error(format!("__init__() should return None, not '{}'", result.type_name()))
}
