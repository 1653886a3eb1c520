//! The rare operations of `bytecode::Intrinsic`.

use crate::bytecode::Intrinsic;
use crate::value::descriptor::Super;
use crate::value::{Dict, Gc, Instance, Result, Value, symbols, types};

use super::Vm;

impl Vm {
    /// A rare operation on the registers from `start` on.
    ///
    /// # Safety
    /// `start` points to registers of the running frame, as many as the operation takes.
    pub(super) unsafe fn intrinsic(&mut self, function: Intrinsic, start: *const Value) -> Result<Value> {
        // SAFETY: as the caller promises.
        let operand = |index: usize| unsafe { (*start.add(index)).clone() };
        match function {
            Intrinsic::AssertionError => Ok(Value::Class(types().assertion_error.clone())),
            Intrinsic::ImportStar => {
                let module = operand(0);
                let namespace = self.current_namespace();
                let import_star = self.hooks.import_star;
                import_star(self, &module, &namespace)?;
                Ok(Value::None)
            }
            Intrinsic::Annotations => self.annotations_of_namespace(),
            Intrinsic::ShowResult => {
                let value = operand(0);
                let show = self.hooks.show_result;
                show(self, &value)?;
                Ok(Value::None)
            }
            Intrinsic::TypeVar => self.type_parameter(function, &[operand(0), operand(1), operand(2), operand(3)]),
            Intrinsic::TypeVarTuple | Intrinsic::ParamSpec => self.type_parameter(function, &[operand(0), operand(1)]),
            Intrinsic::TypeAlias => self.type_parameter(function, &[operand(0), operand(1), operand(2)]),
            Intrinsic::SubscriptGeneric => self.type_parameter(function, &[operand(0)]),
            Intrinsic::SplitExceptionGroup | Intrinsic::MergeExceptionGroup => {
                let (first, second) = (operand(0), operand(1));
                let exception_group = self.hooks.exception_group;
                exception_group(self, function, &first, &second)
            }
            Intrinsic::MappingRest => {
                let (mapping, keys) = (operand(0), operand(1));
                let rest = Value::Dict(Gc::new(Dict::new()));
                self.update_dict(&rest, &mapping)?;
                if let (Value::Dict(rest), Value::Tuple(keys)) = (&rest, &keys) {
                    for key in keys.items() {
                        self.dict_remove(rest, key)?;
                    }
                }
                Ok(rest)
            }
            Intrinsic::UnpackMany => {
                let (value, Value::Int(before), after) = (operand(0), operand(1), operand(2)) else { unreachable!() };
                let items = match after {
                    Value::Int(after) => self.unpack_star(&value, before as usize, after as usize)?,
                    _ => self.unpack(&value, before as usize)?,
                };
                Ok(Value::list(items))
            }
            Intrinsic::Locals => Ok(self.locals()),
            Intrinsic::Super => match operand(0) {
                Value::Class(callee) if callee.same(&types().super_) => match (operand(1), operand(2)) {
                    (Value::Class(class), receiver @ Value::Instance(_)) if receiver.class().is_subclass(&class) => {
                        let start = receiver.class();
                        Ok(Value::Instance(Instance::with_payload(callee, Super { class, receiver, start })))
                    }
                    (class, receiver) => self.call_class(&callee, &[class, receiver], &[]),
                },
                // The script has given the name another meaning.
                callee => self.call(&callee, &[]),
            },
        }
    }

    fn type_parameter(&mut self, function: Intrinsic, operands: &[Value]) -> Result<Value> {
        let make = self.hooks.make_type_parameter;
        make(self, function, operands)
    }

    /// The namespace that names are stored in: of a class body (or `exec`), else the globals.
    fn current_namespace(&self) -> Value {
        match self.script_frames().next() {
            Some(view) if view.function.code.code.kind == crate::bytecode::CodeKind::Class => {
                view.register(crate::bytecode::Register(0))
            }
            _ => Value::Dict(self.globals()),
        }
    }

    fn annotations_of_namespace(&mut self) -> Result<Value> {
        let namespace = self.current_namespace();
        let name = &symbols().annotations;
        let Value::Dict(dict) = namespace.native() else {
            let key = Value::Str(name.clone());
            return match self.get_item(&namespace, &key) {
                Err(raised) if raised.is_a(&types().key_error) => {
                    let annotations = Value::Dict(Gc::new(Dict::new()));
                    self.set_item(&namespace, &key, annotations.clone())?;
                    Ok(annotations)
                }
                result => result,
            };
        };
        if let Some(annotations) = dict.get_str(name) {
            return Ok(annotations);
        }
        let annotations = Value::Dict(Gc::new(Dict::new()));
        dict.set_str(name, annotations.clone());
        Ok(annotations)
    }

    /// `locals()` of the running frame.
    pub fn locals(&self) -> Value {
        let Some(view) = self.script_frames().next() else { return Value::Dict(self.globals()) };
        view.locals_object()
    }
}
