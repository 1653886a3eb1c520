//! Async generators: `__anext__`, `asend`, `athrow` and `aclose` as awaitables.
//!
//! Each awaitable drives the generator once (`Step::Drive`). While it does, the generator counts as
//! consumed, and a second one is refused.

use std::cell::{Cell, RefCell};

use super::generator;
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{CoroutineName, CoroutineState, NativeBody, Resume, Step};
use crate::value::{Coroutine, CoroutineKind, Gc, Native, NativeCoroutine, Raised, Result, Value, types};
use crate::vm::{Vm, throw_before_start};

/// What the awaitable is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// `__anext__` and `asend`.
    Send,
    Throw,
    Close,
}

impl Purpose {
    /// The method, as messages name it.
    fn name(self, starts: bool) -> &'static str {
        match self {
            Purpose::Send if starts => "anext()",
            Purpose::Send => "__anext__()/asend()",
            Purpose::Throw if starts => "athrow()",
            Purpose::Close if starts => "aclose()",
            Purpose::Throw | Purpose::Close => "aclose()/athrow()",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Created,
    Driving,
    Done,
}

struct Request {
    generator: Gc<Coroutine>,
    purpose: Purpose,
    progress: Cell<Progress>,
    /// What the generator goes on with; taken at the start.
    input: RefCell<Option<Input>>,
}

/// What the generator is to go on with.
enum Input {
    Value(Value),
    /// The arguments of `athrow`.
    Throw(Value, Option<Value>, Option<Value>),
    Exit,
}

impl Request {
    fn make(vm: &mut Vm, generator: &Value, purpose: Purpose, input: Input) -> Result<Value> {
        let generator = match generator {
            Value::Coroutine(generator) if generator.kind == CoroutineKind::AsyncGenerator => generator.clone(),
            other => {
                return Err(Raised::type_error(format!("an async generator is needed, not '{}'", other.type_name())));
            }
        };
        if generator.state.get() == CoroutineState::Created {
            (vm.hooks.async_generator_started)(&Value::Coroutine(generator.clone()));
        }
        let name: CoroutineName =
            if purpose == Purpose::Send { &"async_generator_asend" } else { &"async_generator_athrow" };
        let progress = Cell::new(Progress::Created);
        let body = Request { generator, purpose, progress, input: RefCell::new(Some(input)) };
        Ok(Value::NativeCoroutine(NativeCoroutine::awaitable(name, body)))
    }

    fn finish(&self) {
        self.progress.set(Progress::Done);
        self.generator.is_consumed.set(false);
    }

    fn start(&self, vm: &mut Vm, input: Resume) -> Result<Step> {
        let state = self.generator.state.get();
        if self.generator.is_consumed.get() || state == CoroutineState::Running {
            self.progress.set(Progress::Done);
            let name = self.purpose.name(true);
            return Err(Raised::runtime_error(format!("{name}: asynchronous generator is already running")));
        }
        let prepared = self.input.take();
        if let Resume::Raise(raised) = &input
            && matches!(state, CoroutineState::Created | CoroutineState::Finished)
        {
            // Thrown into the awaitable itself, it comes out of a generator that is not in its body.
            self.progress.set(Progress::Done);
            if state == CoroutineState::Created {
                throw_before_start(&self.generator, raised);
            }
            self.generator.finish();
            return if self.purpose == Purpose::Close && ends(raised) {
                Ok(Step::Return(Value::None))
            } else {
                Err(raised.clone())
            };
        }
        // What is thrown into the awaitable before it has run goes to the generator instead.
        let input = match (input, prepared) {
            (Resume::Raise(raised), _) => Resume::Raise(raised),
            (Resume::Value(sent), Some(Input::Value(Value::None))) => Resume::Value(sent),
            (Resume::Value(_), Some(Input::Value(prepared))) => Resume::Value(prepared),
            (Resume::Value(_), Some(Input::Exit)) => Resume::Raise(Raised::new(&types().generator_exit, Vec::new())),
            (Resume::Value(_), Some(Input::Throw(exception, value, trace))) => {
                match generator::thrown(vm, &exception, value.as_ref(), trace.as_ref()) {
                    Ok(raised) => Resume::Raise(raised),
                    Err(wrong) => {
                        self.progress.set(Progress::Done);
                        return Err(wrong);
                    }
                }
            }
            (input, None) => input,
        };
        match (state, self.purpose) {
            (CoroutineState::Finished, Purpose::Close | Purpose::Throw) => {
                self.progress.set(Progress::Done);
                return Ok(Step::Return(Value::None));
            }
            (CoroutineState::Finished, _) => {
                self.progress.set(Progress::Done);
                return Err(Raised::stop_async_iteration_empty());
            }
            (CoroutineState::Created, Purpose::Close) => {
                self.progress.set(Progress::Done);
                self.generator.finish();
                return Ok(Step::Return(Value::None));
            }
            (CoroutineState::Created, Purpose::Throw) => {
                self.progress.set(Progress::Done);
                if let Resume::Raise(raised) = &input {
                    throw_before_start(&self.generator, raised);
                }
                self.generator.finish();
                return match input {
                    Resume::Raise(raised) => Err(raised),
                    Resume::Value(_) => Err(Raised::stop_async_iteration_empty()),
                };
            }
            (CoroutineState::Created, Purpose::Send) => {
                if matches!(&input, Resume::Value(sent) if !sent.is_none()) {
                    self.progress.set(Progress::Done);
                    return Err(Raised::type_error("can't send non-None value to a just-started async generator"));
                }
            }
            _ => {}
        }
        self.progress.set(Progress::Driving);
        self.generator.is_consumed.set(true);
        Ok(Step::Drive(self.generator.clone(), input))
    }
}

/// Whether an exception says that the generator has been closed.
fn ends(raised: &Raised) -> bool {
    raised.is_a(&types().stop_async_iteration) || raised.is_a(&types().generator_exit)
}

impl NativeBody for Request {
    fn resume(&self, _: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        match (self.progress.get(), input) {
            (Progress::Created, input) => self.start(vm, input),
            (Progress::Driving, Resume::Value(item)) => {
                self.finish();
                if self.purpose == Purpose::Close {
                    return Err(Raised::runtime_error("async generator ignored GeneratorExit"));
                }
                Ok(Step::Return(item))
            }
            (Progress::Driving, Resume::Raise(raised)) => {
                self.finish();
                if self.purpose == Purpose::Close && ends(&raised) {
                    Ok(Step::Return(Value::None))
                } else {
                    Err(raised)
                }
            }
            (Progress::Done, _) => {
                let name = self.purpose.name(false);
                Err(Raised::runtime_error(format!("cannot reuse already awaited {name}")))
            }
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.generator);
        match &*self.input.borrow() {
            Some(Input::Value(value)) => value.trace(tracer),
            Some(Input::Throw(exception, value, trace)) => {
                [Some(exception), value.as_ref(), trace.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|part| part.trace(tracer));
            }
            Some(Input::Exit) | None => {}
        }
    }

    fn never_awaited(&self) -> Option<String> {
        let method = match self.purpose {
            Purpose::Send => "asend",
            Purpose::Throw => "athrow",
            Purpose::Close => "aclose",
        };
        Some(format!("coroutine method '{method}' of '{}' was never awaited", self.generator.qualified_name()))
    }

    fn clear(&self) {
        self.input.take();
    }
}

impl Raised {
    /// The StopAsyncIteration that ends an async generator.
    fn stop_async_iteration_empty() -> Raised {
        Raised::new(&types().stop_async_iteration, Vec::new())
    }
}

fn anext(vm: &mut Vm, this: &Value) -> Result<Value> {
    Request::make(vm, this, Purpose::Send, Input::Value(Value::None))
}

fn asend(vm: &mut Vm, this: &Value, value: Value) -> Result<Value> {
    Request::make(vm, this, Purpose::Send, Input::Value(value))
}

fn athrow(vm: &mut Vm, this: &Value, exception: &Value, value: Option<&Value>, trace: Option<&Value>) -> Result<Value> {
    generator::warn_of_parts(vm, "athrow", value, trace)?;
    Request::make(vm, this, Purpose::Throw, Input::Throw(exception.clone(), value.cloned(), trace.cloned()))
}

fn aclose(vm: &mut Vm, this: &Value) -> Result<Value> {
    Request::make(vm, this, Purpose::Close, Input::Exit)
}

fn is_running(vm: &mut Vm, this: &Value) -> Result<bool> {
    let is_consumed = matches!(this, Value::Coroutine(generator) if generator.is_consumed.get());
    Ok(is_consumed || generator::is_running(vm, this)?)
}

fn itself(_: &mut Vm, this: Value) -> Value {
    this
}

fn name(_: &mut Vm, this: &Gc<Coroutine>) -> Value {
    Value::Str(this.name())
}

fn qualified_name(_: &mut Vm, this: &Gc<Coroutine>) -> Value {
    Value::Str(this.qualified_name())
}

pub const METHODS: &[Native] = &[
    native!("__aiter__(self, /)", itself(required), "The generator itself."),
    native!("__anext__(self, /)", anext(required), "An awaitable of the next item."),
    native!(
        "asend(self, value, /)",
        asend(required, required),
        "An awaitable of the next item, after a value has been sent."
    ),
    native!(
        "athrow(self, type, value=None, traceback=None, /)",
        athrow(required, required, optional, optional),
        "An awaitable of the next item, after an exception has been thrown in."
    ),
    native!("aclose(self, /)", aclose(required), "An awaitable that ends the generator."),
    native!("__repr__(self, /)", generator::repr(required), "Return repr(self)."),
    native!("__name__(self, /)", name(required), "The name.").getter(),
    native!("__qualname__(self, /)", qualified_name(required), "The name with those around it.").getter(),
    native!("ag_running(self, /)", is_running(required), "Whether somebody waits for its next item.").getter(),
    native!("ag_suspended(self, /)", generator::is_suspended(required), "Whether it waits at a yield.").getter(),
    native!("ag_await(self, /)", generator::delegate(required), "What it awaits, or None.").getter(),
    native!("ag_frame(self, /)", generator::frame(required), "Where it stands, or None when it is over.").getter(),
    native!("ag_code(self, /)", generator::code(required), "The code object.").getter(),
];
