//! Whose variable is it: symbol analysis of a whole tree, before any instruction is made.
//!
//! A *frame* scope has a frame of its own at run time (module, class body, function, generator
//! expression). An *inline* scope (comprehension, type parameters) lives in registers of the frame it
//! stands in. After `analyse` every name of every scope has a `Binding`, every variable knows whether
//! an inner frame captures it, and every frame knows its free variables. Scopes are found again by the
//! address of the node that opens them, because the compiler may visit a node more than once. Walking
//! the tree is left to `symbols`.

use std::collections::HashMap;
use std::rc::Rc;

use asy_grammar::ast::{Expression, Name, Span, TypeParameter};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScopeId(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The top: names are globals, or live in the namespace in R[0].
    Module,
    Class,
    /// `def` or `lambda`.
    Function,
    /// The value of a type alias, the bound or default of a type parameter: a frame that runs when it is
    /// asked for, and sees the names of the class it stands in.
    Lazy,
    /// A generator expression: a frame, but `:=` in it binds outside.
    Generator,
    Comprehension,
    TypeParameters,
}

impl ScopeKind {
    /// Whether the scope shares the frame of the scope around it.
    pub fn is_inline(self) -> bool {
        matches!(self, ScopeKind::Comprehension | ScopeKind::TypeParameters)
    }

    fn has_variables(self) -> bool {
        !matches!(self, ScopeKind::Module | ScopeKind::Class)
    }
}

/// A variable that lives in a register, a cell or a spill list: the scope that owns it and its name.
pub type Variable = (ScopeId, Name);

/// What a name means in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A variable of this scope or one around it.
    Variable(ScopeId),
    Global,
    /// In the namespace R[0], then globals, then builtins.
    Namespace,
    /// In the namespace R[0], else a captured variable.
    NamespaceOrVariable(ScopeId),
}

/// What is known about a name in one scope.
#[derive(Clone, Debug, Default)]
pub struct Symbol {
    pub is_bound: bool,
    pub is_parameter: bool,
    pub is_global: bool,
    pub is_nonlocal: bool,
    /// Whether an inner frame uses it: it lives in a cell.
    pub is_captured: bool,
    /// Whether it may become unbound again (`del`, the name of an `except` clause).
    pub is_unstable: bool,
    /// Whether `:=` binds it somewhere.
    pub is_named: bool,
    pub is_annotated: bool,
    pub is_used: bool,
    pub declared: Span,
}

#[derive(Debug)]
pub struct Scope {
    pub kind: ScopeKind,
    pub parent: Option<ScopeId>,
    /// The scope whose frame this one lives in: itself unless it is inline.
    pub frame: ScopeId,
    pub symbols: HashMap<Name, Symbol>,
    /// The names in order of appearance.
    pub order: Vec<Name>,
    pub bindings: HashMap<Name, Binding>,
    /// Variables of outer frames that this frame uses or passes on.
    pub free: Vec<Variable>,
    pub has_yield: bool,
    /// The first place that awaits.
    pub awaits: Option<Span>,
    /// A class whose methods use `__class__`.
    pub has_class_cell: bool,
    /// A class whose namespace a lazy frame looks into.
    pub has_namespace_cell: bool,
    /// A lazy frame that looks into the namespace of the class around it: that class.
    pub class_around: Option<ScopeId>,
}

/// The variable that lazy frames reach the namespace of a class by.
pub const NAMESPACE_CELL: &str = ".namespace";

/// A rule about names that was broken.
pub struct ScopeError {
    pub span: Span,
    pub message: String,
}

/// All scopes of a tree.
pub struct Scopes {
    scopes: Vec<Scope>,
    by_node: HashMap<usize, ScopeId>,
    /// Whether names at the top live in the namespace R[0].
    top_is_namespace: bool,
    pub errors: Vec<ScopeError>,
}

/// The key of the node that opens a scope.
pub fn node_key<T>(node: &T) -> usize {
    std::ptr::from_ref(node) as usize
}

/// The key of an expression that is a lazy frame. It may stand at the beginning of another node: no node
/// has an odd address.
pub fn lazy_key(expression: &Expression) -> usize {
    node_key(expression) + 1
}

impl Scopes {
    pub fn new(top_is_namespace: bool) -> Scopes {
        let mut scopes = Scopes { scopes: Vec::new(), by_node: HashMap::new(), top_is_namespace, errors: Vec::new() };
        scopes.open(ScopeKind::Module, None, 0);
        scopes
    }

    pub const TOP: ScopeId = ScopeId(0);

    pub fn get(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0]
    }

    pub fn get_mut(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.scopes[id.0]
    }

    /// The scope that a node opens, if the analysis has seen that node.
    pub fn of_node(&self, key: usize) -> Option<ScopeId> {
        self.by_node.get(&key).copied()
    }

    pub fn open(&mut self, kind: ScopeKind, parent: Option<ScopeId>, key: usize) -> ScopeId {
        let id = ScopeId(self.scopes.len());
        let frame = match parent {
            Some(parent) if kind.is_inline() => self.get(parent).frame,
            _ => id,
        };
        self.scopes.push(Scope {
            kind,
            parent,
            frame,
            symbols: HashMap::new(),
            order: Vec::new(),
            bindings: HashMap::new(),
            free: Vec::new(),
            has_yield: false,
            awaits: None,
            has_class_cell: false,
            has_namespace_cell: false,
            class_around: None,
        });
        self.by_node.insert(key, id);
        id
    }

    /// The symbol of a name in a scope, made when it is new there.
    pub fn symbol(&mut self, scope: ScopeId, name: &Name) -> &mut Symbol {
        let scope = &mut self.scopes[scope.0];
        if !scope.symbols.contains_key(name) {
            scope.order.push(name.clone());
        }
        scope.symbols.entry(name.clone()).or_default()
    }

    /// Whether a frame is a function in the wide sense, whose locals live in registers.
    pub fn is_function_frame(&self, id: ScopeId) -> bool {
        matches!(self.get(id).kind, ScopeKind::Function | ScopeKind::Generator | ScopeKind::Lazy)
    }

    /// The variable's symbol, at its owner.
    pub fn variable(&self, owner: ScopeId, name: &str) -> Option<&Symbol> {
        self.get(owner).symbols.get(name)
    }

    /// What a name means in a scope; a name that the analysis never saw there is a global.
    pub fn binding(&self, scope: ScopeId, name: &str) -> Binding {
        self.get(scope).bindings.get(name).copied().unwrap_or(Binding::Global)
    }

    /// Gives every name its binding and marks what is captured.
    pub fn resolve(&mut self) {
        for index in 0..self.scopes.len() {
            let id = ScopeId(index);
            let names = self.get(id).order.clone();
            for name in names {
                let binding = self.resolve_name(id, &name);
                if self.get(id).kind == ScopeKind::Lazy
                    && matches!(binding, Binding::Namespace | Binding::NamespaceOrVariable(_))
                {
                    self.look_into_class(id);
                }
                self.get_mut(id).bindings.insert(name, binding);
            }
        }
        // In the order in which `__closure__` shows them.
        for scope in &mut self.scopes {
            scope.free.sort_by(|(_, left), (_, right)| left.cmp(right));
        }
    }

    fn resolve_name(&mut self, start: ScopeId, name: &Name) -> Binding {
        match self.find(start, name) {
            Found::Variable(owner) => {
                self.capture(start, owner, name);
                let symbol = self.variable(start, name).cloned().unwrap_or_default();
                let is_captured = self.get(owner).frame != self.get(start).frame;
                if is_captured && self.sees_namespace_before(start, owner) && !symbol.is_nonlocal {
                    Binding::NamespaceOrVariable(owner)
                } else {
                    Binding::Variable(owner)
                }
            }
            Found::Namespace => Binding::Namespace,
            Found::ExplicitGlobal => {
                let symbol = self.variable(start, name).cloned().unwrap_or_default();
                if symbol.is_nonlocal {
                    self.missing_nonlocal(&symbol, name);
                }
                Binding::Global
            }
            Found::Nothing => {
                let symbol = self.variable(start, name).cloned().unwrap_or_default();
                if symbol.is_nonlocal {
                    self.missing_nonlocal(&symbol, name);
                }
                if self.sees_namespace(start) { Binding::Namespace } else { Binding::Global }
            }
        }
    }

    fn missing_nonlocal(&mut self, symbol: &Symbol, name: &Name) {
        let message = format!("no binding for nonlocal '{name}' found");
        self.errors.push(ScopeError { span: symbol.declared, message });
    }

    /// Gives a lazy frame the namespace of the class around it.
    fn look_into_class(&mut self, lazy: ScopeId) {
        if self.get(lazy).class_around.is_some() {
            return;
        }
        let mut scope = lazy;
        while self.get(scope).kind != ScopeKind::Class {
            let Some(parent) = self.get(scope).parent else { return };
            scope = parent;
        }
        self.get_mut(scope).has_namespace_cell = true;
        self.get_mut(lazy).class_around = Some(scope);
        self.capture(lazy, scope, &NAMESPACE_CELL.into());
    }

    /// As `sees_namespace`, for a name that is a variable of `owner`: the namespace must be nearer.
    fn sees_namespace_before(&self, start: ScopeId, owner: ScopeId) -> bool {
        let mut scope = start;
        while self.get(scope).kind != ScopeKind::Class {
            match self.get(scope).parent {
                Some(parent) if scope != owner => scope = parent,
                _ => return false,
            }
        }
        scope != owner && self.sees_namespace(start)
    }

    /// Whether names that are bound nowhere else are looked up in the namespace R[0] from here.
    fn sees_namespace(&self, start: ScopeId) -> bool {
        let mut scope = start;
        loop {
            let here = self.get(scope);
            match (here.kind, here.parent) {
                (ScopeKind::Class, _) => return true,
                (ScopeKind::Module, _) => return self.top_is_namespace && self.get(start).frame == scope,
                (ScopeKind::TypeParameters | ScopeKind::Lazy, Some(parent)) => scope = parent,
                // A comprehension sees the namespace of `exec`, but not that of a class.
                (ScopeKind::Comprehension, Some(_)) => {
                    return self.top_is_namespace && self.get(here.frame).kind == ScopeKind::Module;
                }
                _ => return false,
            }
        }
    }

    fn find(&mut self, start: ScopeId, name: &Name) -> Found {
        let mut scope = start;
        let mut class_is_visible = true;
        let start_frame = self.get(start).frame;
        loop {
            let here = self.get(scope);
            let crossed = here.frame != start_frame;
            if let Some(symbol) = here.symbols.get(name) {
                let visible = here.kind != ScopeKind::Class || class_is_visible;
                let is_declared_here = here.kind != ScopeKind::Module || !crossed;
                if symbol.is_global && visible && is_declared_here {
                    return Found::ExplicitGlobal;
                }
                if symbol.is_bound && !symbol.is_nonlocal {
                    match here.kind {
                        ScopeKind::Class if class_is_visible => return Found::Namespace,
                        ScopeKind::Module if self.top_is_namespace && !crossed => return Found::Namespace,
                        kind if kind.has_variables() => return Found::Variable(scope),
                        _ => {}
                    }
                }
            }
            if here.kind == ScopeKind::Class && crossed && &**name == "__class__" {
                self.get_mut(scope).has_class_cell = true;
                return Found::Variable(scope);
            }
            class_is_visible = class_is_visible && matches!(here.kind, ScopeKind::TypeParameters | ScopeKind::Lazy);
            match here.parent {
                Some(parent) => scope = parent,
                None => return Found::Nothing,
            }
        }
    }

    /// Marks a variable as captured when it is used from another frame, and hands it down.
    fn capture(&mut self, user: ScopeId, owner: ScopeId, name: &Name) {
        let owner_frame = self.get(owner).frame;
        let mut frame = self.get(user).frame;
        if frame == owner_frame {
            return;
        }
        if self.get(owner).kind != ScopeKind::Class {
            self.symbol(owner, name).is_captured = true;
        }
        while frame != owner_frame {
            let variable = (owner, name.clone());
            let scope = self.get_mut(frame);
            if !scope.free.contains(&variable) {
                scope.free.push(variable);
            }
            match scope.parent {
                Some(parent) => frame = self.get(parent).frame,
                None => return,
            }
        }
    }
}

enum Found {
    Variable(ScopeId),
    Namespace,
    ExplicitGlobal,
    Nothing,
}

/// The private type parameters of a class, which are known as names of that class around its body, too.
#[derive(Clone, Debug)]
pub struct PrivateParameters {
    class: Name,
    names: Rc<[Name]>,
}

impl PrivateParameters {
    /// None when there are none.
    pub fn of(class: &Name, parameters: &[TypeParameter]) -> Option<PrivateParameters> {
        let names = parameters.iter().map(|parameter| parameter.name.name.clone());
        let names: Rc<[Name]> = names.filter(|name| name.starts_with("__")).collect();
        (!names.is_empty()).then(|| PrivateParameters { class: class.clone(), names })
    }
}

/// As `mangle`, where private type parameters of a class come first.
pub fn mangle_with(parameters: Option<&PrivateParameters>, class_name: Option<&str>, name: &Name) -> Name {
    match parameters {
        Some(parameters) if parameters.names.contains(name) => mangle(Some(&parameters.class), name),
        _ => mangle(class_name, name),
    }
}

/// The name as it is known outside of a class: `__x` in class `C` is `_C__x`.
pub fn mangle(class_name: Option<&str>, name: &Name) -> Name {
    let Some(class_name) = class_name else { return name.clone() };
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name.clone();
    }
    match class_name.trim_start_matches('_') {
        "" => name.clone(),
        class_name => format!("_{class_name}{name}").into(),
    }
}
