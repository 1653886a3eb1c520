//! The embedding door: an interpreter that runs files, texts and modules, and calls what they define.
//!
//! An interpreter belongs to one thread. Deep recursion of a script may need a deep native stack (a
//! sort key that sorts, an `__eq__` that compares), so `on_own_thread` gives it a thread whose stack is
//! as large as that needs; only what is touched costs memory.

use std::io;
use std::path::Path;
use std::rc::Rc;

use asy_grammar::Diagnostic;

use crate::builtins;
use crate::bytecode::code::Source;
use crate::memory::text::pin_hash_seed;
use crate::modules::source::{self, ReadFailure, TopLevelAwait};
use crate::modules::{self, at_exit, loader, suggestion, sys, traceback, type_parameters, warnings};
use crate::scheduler;
use crate::scheduler::clock;
use crate::value::{CodeObject, Function, Gc, Module, Raised, Str, Value, symbols};
use crate::vm::Vm;

/// Bytes of native stack that are reserved.
const STACK: usize = 512 << 20;
/// What is tried when so much is not to be had.
const SMALL_STACK: usize = 64 << 20;

/// How an interpreter is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `sys.argv`: the name of the script first.
    pub arguments: Vec<String>,
    /// Time stands still while something runs and jumps to the next timer when nothing does.
    pub virtual_time: bool,
    /// The development mode: more warnings are shown, and loops are in debug mode.
    pub development: bool,
    /// `sys._xoptions`: names with values, if they have any.
    pub extended: Vec<(String, Option<String>)>,
    /// Loops are in debug mode.
    pub debug_loops: bool,
    /// The seed of the hashes of str and bytes; random when not given.
    pub hash_seed: Option<u64>,
    /// Folders in which modules are looked for when the library has none of the name.
    pub search_path: Vec<String>,
}

/// Why a program did not come to its end.
pub enum Failure {
    /// The source could not be read.
    Unreadable(ReadFailure),
    /// There is nothing to run, for this reason.
    NoProgram(String),
    /// The source is no program.
    Invalid(Rc<Source>, Vec<Diagnostic>),
    /// An exception that nobody caught, `SystemExit` included.
    Raised(Raised),
}

impl From<Raised> for Failure {
    fn from(raised: Raised) -> Failure {
        Failure::Raised(raised)
    }
}

/// An interpreter.
pub struct Interpreter {
    vm: Vm,
    main: Gc<Module>,
}

impl Interpreter {
    /// An interpreter of this thread. There can be one a thread.
    pub fn new(options: Options) -> Interpreter {
        if let Some(seed) = options.hash_seed {
            pin_hash_seed(seed);
        } else if options.virtual_time {
            pin_hash_seed(0);
        }
        if options.virtual_time {
            scheduler::clock::make_virtual();
        }
        let state = modules::state();
        let arguments = options.arguments.iter().map(|argument| Value::str(argument)).collect();
        state.arguments.items.set(arguments);
        state.development.set(options.development);
        for (name, value) in &options.extended {
            let value = value.as_ref().map_or(Value::Bool(true), |value| Value::str(value));
            state.extended.set_str(&Str::intern(name), value);
        }
        scheduler::event_loop::debug_by_default(options.development || options.debug_loops);
        options.search_path.iter().for_each(|folder| loader::search_last(folder));
        if let Ok(executable) = std::env::current_exe() {
            state.executable.set(Str::new(&executable.display().to_string()));
        }
        let main = Module::new("__main__");
        state.modules.set_str(&symbols().main, Value::Module(main.clone()));
        if options.virtual_time {
            clock::make_virtual();
        }
        let mut vm = Vm::new();
        builtins::install(&mut vm);
        builtins::add_functions(&vm, modules::evaluate::FUNCTIONS);
        modules::io::open::install(&mut vm);
        modules::io::standard::install();
        install_hooks(&mut vm);
        Interpreter { vm, main }
    }

    /// The machine, for whoever needs to look inside.
    pub fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// The module `__main__`.
    pub fn main(&self) -> &Gc<Module> {
        &self.main
    }

    /// Runs a file as `__main__`. Its folder comes first on the search path.
    pub fn run_file(&mut self, path: &Path) -> Result<Value, Failure> {
        let name = path.display().to_string();
        let source = source::read(&mut self.vm, path, &name).map_err(Failure::Unreadable)?;
        let folder = path.parent().map_or(String::new(), |folder| folder.display().to_string());
        loader::search_first(&absolute(&folder));
        loader::describe(&mut self.vm, &self.main, Some(&absolute(&name)), None);
        self.run(&source)
    }

    /// Runs the `__main__` file of a folder. The folder comes first on the search path.
    pub fn run_folder(&mut self, folder: &Path) -> Result<Value, Failure> {
        let files = ["__main__.asy", "__main__.py"];
        match files.into_iter().map(|file| folder.join(file)).find(|file| file.is_file()) {
            Some(file) => self.run_file(&file),
            None => Err(Failure::NoProgram(format!("can't find '__main__' module in '{}'", folder.display()))),
        }
    }

    /// Runs a text as `__main__`, called `name` in messages. The current folder comes first on the search
    /// path.
    pub fn run_source(&mut self, text: Vec<u8>, name: &str) -> Result<Value, Failure> {
        let source = source::decode(&mut self.vm, text, name).map_err(Failure::Unreadable)?;
        loader::search_first("");
        loader::describe(&mut self.vm, &self.main, None, None);
        self.run(&source)
    }

    /// Runs a module, or `__main__` of a package, as `asy -m` does.
    pub fn run_module(&mut self, name: &str) -> Result<Value, Failure> {
        loader::search_first(&absolute(""));
        let found = loader::find_program(&mut self.vm, name)?;
        loader::describe(&mut self.vm, &self.main, Some(&found.source.name), None);
        let names = symbols();
        self.main.globals.set_str(&names.package, Value::str(&found.package));
        self.main.globals.set_str(&names.spec, found.spec);
        if let Some(Value::Str(first)) = modules::state().arguments.get(0)
            && &*first == "-m"
        {
            let _ = modules::state().arguments.replace(0, Value::str(&found.source.name));
        }
        self.run(&found.source)
    }

    /// Calls something that `__main__` defines.
    pub fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
        let main = Value::Module(self.main.clone());
        let function = self.vm.get_attribute(&main, &Str::intern(name))?;
        Ok(self.vm.call(&function, arguments)?)
    }

    /// Ends the program: threads that are not daemons are waited for, what is registered for the end runs, and what `__main__` still holds is let go,
    /// so that finalizers run. An exception on the way is shown by `report` and changes nothing.
    pub fn end(&mut self, report: &mut dyn FnMut(&mut Vm, &Raised)) {
        if let Err(raised) = self.join_threads() {
            report(&mut self.vm, &raised);
        }
        for raised in at_exit::run(&mut self.vm) {
            report(&mut self.vm, &raised);
        }
        self.main.globals.clear();
        if let Err(raised) = self.vm.check_interrupts() {
            report(&mut self.vm, &raised);
        }
        for (raised, stream) in modules::io::flush_at_end(&mut self.vm) {
            traceback::report_ignored(&mut self.vm, raised, &stream);
        }
    }

    /// Waits for the threads that are not daemons, unless it is known that they cannot end.
    fn join_threads(&mut self) -> crate::value::Result<()> {
        match modules::state().module("threading") {
            Some(threading) if !scheduler::deadlock::has_occurred() => {
                self.vm.call_method(&Value::Module(threading), &Str::intern("_shutdown"), &[]).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn run(&mut self, source: &Rc<Source>) -> Result<Value, Failure> {
        let (code, warnings) = source::compile(source, TopLevelAwait::Yes)
            .map_err(|diagnostics| Failure::Invalid(source.clone(), diagnostics))?;
        source::issue_warnings(&mut self.vm, source, &warnings)?;
        Ok(self.run_code(&code)?)
    }

    /// Runs the code of `__main__`; when it awaits at its top, on an event loop.
    fn run_code(&mut self, code: &Gc<CodeObject>) -> crate::value::Result<Value> {
        if !code.code.awaits_at_top {
            return self.vm.run_module(code, &self.main);
        }
        let asyncio = loader::import_absolute(&mut self.vm, "asyncio")?;
        let program = Function::new(code.clone(), self.main.globals.clone(), Box::new([]));
        let program = self.vm.module_coroutine(&program, None);
        self.vm.call_method(&asyncio, &Str::intern("run"), &[program])
    }
}

/// Tells the VM who imports, warns and complains.
fn install_hooks(vm: &mut Vm) {
    vm.hooks.import = |vm, name, level, globals, leaf| loader::import(vm, name, level, globals, leaf);
    vm.hooks.import_from = loader::import_from;
    vm.hooks.import_star = loader::import_star;
    vm.hooks.loaded_module = |name| modules::state().module(name);
    vm.hooks.report_ignored = traceback::report_ignored;
    vm.hooks.show_result = sys::show_result;
    vm.hooks.warn = warnings::warn_from_machine;
    vm.hooks.warn_never_awaited = warnings::warn_never_awaited;
    vm.hooks.suggest = |name, known| suggestion::closest(name, known);
    vm.hooks.make_type_parameter = type_parameters::make;
    scheduler::connect(vm);
    scheduler::exception_handler::set_describer(|vm, exception| {
        let chain = traceback::describe::describe_chain(vm, exception);
        traceback::draw::draw_chain(&chain, traceback::draw::Paint::Plain).concat()
    });
}

/// The full name of a folder; the current one when the name is empty.
fn absolute(folder: &str) -> String {
    let folder = if folder.is_empty() { "." } else { folder };
    std::path::absolute(folder).map_or_else(|_| folder.to_string(), |path| path.display().to_string())
}

/// Runs `program` on a thread of its own with a large native stack and gives what it gives.
pub fn on_own_thread<T: Send + 'static>(program: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    // The program is handed over in a cell, as a spawn that fails does not give it back.
    let program = std::sync::Arc::new(std::sync::Mutex::new(Some(program)));
    let spawn = |stack: usize| {
        let program = program.clone();
        let body = move || {
            let program = program.lock().ok().and_then(|mut program| program.take());
            program.map(|program| program())
        };
        std::thread::Builder::new().name("asy".to_string()).stack_size(stack).spawn(body)
    };
    let thread = spawn(STACK).or_else(|_| spawn(SMALL_STACK))?;
    match thread.join() {
        Ok(Some(outcome)) => Ok(outcome),
        Ok(None) => Err(io::Error::other("the program was already taken")),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
