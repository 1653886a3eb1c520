//! Variables: globals with their caches, namespaces of class bodies, and unbound ones.

use crate::bytecode::{CodeKind, Intrinsic, Op, Register};
use crate::value::code::{CacheKind, Site};
use crate::value::{Dict, Gc, Raised, Result, Str, Value, symbols, types};

use super::Vm;

impl Vm {
    /// The globals of the running frame.
    fn frame_globals(&self) -> &Dict {
        // SAFETY: a frame of the script runs.
        unsafe { &*(*self.frame).globals }
    }

    /// A global or builtin, and notes where it is for the next time.
    #[cold]
    pub(super) fn load_global(&mut self, site: &Site) -> Result<Value> {
        let cache = &site.cache;
        let globals = self.frame_globals();
        if let Some(index) = globals.find_str(&site.name) {
            cache.key.set(globals.ensure_version());
            cache.kind.set(CacheKind::Entry);
            cache.place.set(Some(globals.place_of(index)));
            return Ok(globals.value_at(index));
        }
        if let Some(builtins) = self.other_builtins() {
            return self.in_mapping(&builtins, &site.name)?.ok_or_else(|| self.undefined(&site.name));
        }
        if let Some(index) = self.builtins.find_str(&site.name) {
            cache.key.set(globals.ensure_version());
            cache.second_key.set(self.builtins.ensure_version());
            cache.kind.set(CacheKind::Builtin);
            cache.place.set(Some(self.builtins.place_of(index)));
            return Ok(self.builtins.value_at(index));
        }
        self.find_by_equality(&site.name)?.ok_or_else(|| self.undefined(&site.name))
    }

    /// A global or builtin under a key that is no str, but equal to the name.
    fn find_by_equality(&mut self, name: &Str) -> Result<Option<Value>> {
        for namespace in [self.globals(), self.builtins.clone()] {
            if namespace.keys().iter().any(|key| key.as_str().is_none())
                && let Some(found) = self.item_if_any(&Value::Dict(namespace), name)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The `__builtins__` of the running frame's globals, when these are other builtins than the machine's.
    fn other_builtins(&self) -> Option<Value> {
        match builtins_of(self, self.frame_globals()) {
            Value::Dict(dict) if dict.same(&self.builtins) => None,
            other => Some(other),
        }
    }

    /// A builtin as the running frame sees it.
    fn builtin(&mut self, name: &Str) -> Result<Option<Value>> {
        match self.other_builtins() {
            None => Ok(self.builtins.get_str(name)),
            Some(builtins) => self.in_mapping(&builtins, name),
        }
    }

    /// The same, also where the name stands under a key of the script's that is only equal to it.
    pub fn builtin_of_frame(&mut self, name: &Str) -> Result<Option<Value>> {
        let builtins = builtins_of(self, self.frame_globals());
        self.item_if_any(&builtins, name)
    }

    /// NameError for a name. What it may have been meant to be is for the report to find out.
    fn undefined(&mut self, name: &Str) -> Raised {
        let raised = Raised::name_error(format!("name '{name}' is not defined"));
        raised.0.set(&symbols().name_, Value::Str(name.clone()));
        raised
    }

    pub(super) fn store_global(&mut self, site: &Site, value: Value) {
        let globals = self.frame_globals();
        match globals.find_str(&site.name) {
            Some(index) => {
                site.cache.key.set(globals.ensure_version());
                site.cache.index.set(index as u32);
                drop(globals.replace_at(index, value));
            }
            None => globals.set_str(&site.name, value),
        }
    }

    pub(super) fn delete_global(&mut self, site: &Site) -> Result<()> {
        match self.frame_globals().remove_str(&site.name) {
            Some(_) => Ok(()),
            None => Err(Raised::name_error(format!("name '{}' is not defined", site.name))),
        }
    }

    /// The namespace of a class body or of `exec`, which is in R[0].
    fn namespace(&self) -> Value {
        // SAFETY: the running frame is of that kind, so it has R[0].
        unsafe { (*(*self.frame).base).clone() }
    }

    fn in_namespace(&mut self, name: &Str) -> Result<Option<Value>> {
        let namespace = self.namespace();
        self.in_mapping(&namespace, name)
    }

    fn in_mapping(&mut self, mapping: &Value, name: &Str) -> Result<Option<Value>> {
        match mapping {
            Value::Dict(dict) => Ok(dict.get_str(name)),
            other => self.item_if_any(other, name),
        }
    }

    fn item_if_any(&mut self, mapping: &Value, name: &Str) -> Result<Option<Value>> {
        match self.get_item(mapping, &Value::Str(name.clone())) {
            Ok(value) => Ok(Some(value)),
            Err(raised) if raised.is_a(&types().key_error) => Ok(None),
            Err(raised) => Err(raised),
        }
    }

    pub(super) fn load_name(&mut self, site: &Site) -> Result<Value> {
        match self.in_namespace(&site.name)? {
            Some(value) => Ok(value),
            None => self.load_global(site),
        }
    }

    pub(super) fn load_name_or_cell(&mut self, site: &Site, cell: Register) -> Result<Value> {
        if let Some(value) = self.in_namespace(&site.name)? {
            return Ok(value);
        }
        // SAFETY: the compiler names a register of the running frame.
        let contents = match unsafe { &*(*self.frame).base.add(cell.0 as usize) } {
            Value::Cell(cell) => cell.contents.get(),
            _ => Value::Unbound,
        };
        if contents.is_unbound() { Err(self.unbound_variable(cell)) } else { Ok(contents) }
    }

    pub(super) fn store_name(&mut self, site: &Site, value: Value) -> Result<()> {
        match self.namespace() {
            Value::Dict(dict) => {
                dict.set_str(&site.name, value);
                Ok(())
            }
            other => self.set_item(&other, &Value::Str(site.name.clone()), value),
        }
    }

    pub(super) fn delete_name(&mut self, site: &Site) -> Result<()> {
        let missing = || Raised::name_error(format!("name '{}' is not defined", site.name));
        match self.namespace() {
            Value::Dict(dict) => dict.remove_str(&site.name).map(drop).ok_or_else(missing),
            other => match self.delete_item(&other, &Value::Str(site.name.clone())) {
                Err(raised) if raised.is_a(&types().key_error) => Err(missing()),
                result => result,
            },
        }
    }

    /// The error for a variable that is not bound now.
    #[cold]
    pub(super) fn unbound_variable(&mut self, register: Register) -> Raised {
        // SAFETY: a frame of the script runs.
        let code = unsafe { &(*(*self.frame).code).code };
        let name = code.register_names.get(register.0 as usize).cloned().flatten();
        let name = name.unwrap_or_else(|| "?".into());
        if code.free_registers.contains(&register) {
            return Raised::name_error(format!(
                "cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
            ));
        }
        Raised::unbound_local_error(format!(
            "cannot access local variable '{name}' where it is not associated with a value"
        ))
    }

    fn spill(&self) -> Option<Gc<crate::value::List>> {
        // SAFETY: a frame of the script runs; the spill register is one of its own.
        unsafe {
            let frame = &*self.frame;
            match &*frame.base.add((*frame.code).code.spill?.0 as usize) {
                Value::List(list) => Some(list.clone()),
                _ => None,
            }
        }
    }

    pub(super) fn load_spill(&mut self, index: u16) -> Result<Value> {
        Ok(self.spill().and_then(|list| list.get(index as usize)).unwrap_or_default())
    }

    pub(super) fn store_spill(&mut self, index: u16, value: Value) {
        if let Some(list) = self.spill() {
            drop(list.replace(index as usize, value));
        }
    }

    pub(super) fn load_build_class(&mut self) -> Result<Value> {
        self.builtin(&symbols().build_class)?.ok_or_else(|| Raised::name_error("__build_class__ not found"))
    }

    /// `import name`, by the `__import__` of the builtins. The builtin one is in the layer above.
    pub(super) fn import_module(&mut self, name: &Str, level: usize, leaf: bool) -> Result<Value> {
        let import = self.builtin(&symbols().import)?;
        match import {
            Some(Value::Native(native)) if native.row.name() == &*symbols().import => {
                let globals = self.globals();
                let import = self.hooks.import;
                import(self, name, level, &globals, leaf)
            }
            Some(import) => self.import_by(&import, name, level, leaf),
            None => Err(Raised::import_error("__import__ not found")),
        }
    }

    /// `import name` by a function that the script has put in the place of `__import__`.
    #[cold]
    fn import_by(&mut self, import: &Value, name: &Str, level: usize, leaf: bool) -> Result<Value> {
        let Some(view) = self.script_frames().next() else { return Ok(Value::None) };
        let code = view.function.code.clone();
        // The instructions that take names out of the module belong to the same statement.
        let place = code.code.position(view.instruction);
        let names = (view.instruction..code.code.ops.len()).take_while(|pc| {
            let position = code.code.position(*pc);
            position.line >= place.line && position.span.start < place.span.end
        });
        let names: Vec<Value> = names
            .filter(|pc| code.code.position(*pc).span == place.span)
            .filter_map(|pc| match (code.code.ops[pc], code.code.ops.get(pc + 1)) {
                (Op::ImportFrom { .. }, Some(&Op::Data { high, low })) => {
                    Some(Value::Str(code.sites[(high as usize) << 16 | low as usize].name.clone()))
                }
                (Op::Intrinsic { function: Intrinsic::ImportStar, .. }, _) => Some(Value::str("*")),
                _ => None,
            })
            .collect();
        let renamed = leaf && names.is_empty();
        let globals = Value::Dict(view.function.globals.clone());
        let locals = match view.function.code.code.kind {
            CodeKind::Module | CodeKind::Class => view.locals_object(),
            _ => Value::None,
        };
        let names = if names.is_empty() { Value::None } else { Value::tuple(names) };
        let level = Value::from(level);
        let mut module = self.call(import, &[Value::Str(name.clone()), globals, locals, names, level])?;
        if renamed {
            // `import a.b as c`
            for part in name.split('.').skip(1) {
                module = self.import_from(&module, &Str::intern(part))?;
            }
        }
        Ok(module)
    }

    /// `from module import name`.
    pub(super) fn import_from(&mut self, module: &Value, name: &Str) -> Result<Value> {
        if let Some(value) = self.get_attribute_if_any(module, name)? {
            return Ok(value);
        }
        let import_from = self.hooks.import_from;
        import_from(self, module, name)
    }
}

/// The builtins that code with these globals sees: what `__builtins__` in them says, as in CPython.
pub fn builtins_of(vm: &Vm, globals: &Dict) -> Value {
    match globals.get_str(&symbols().builtins) {
        None => Value::Dict(vm.builtins.clone()),
        Some(Value::Module(module)) => Value::Dict(module.globals.clone()),
        Some(other) => other,
    }
}
