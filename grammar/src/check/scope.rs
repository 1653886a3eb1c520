//! Names within one scope: how each is used, and what a declaration may still change.

use std::collections::HashMap;

use crate::ast::{Name, Span};

/// What opened a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    /// A bound or default of a type parameter, the value of a type alias, or what is around them; with what
    /// Python calls it.
    Annotation {
        what: &'static str,
    },
    /// With what Python calls it; the flag says whether it is a generator expression.
    Comprehension {
        what: &'static str,
        is_generator: bool,
    },
}

/// Where a `break` or `continue` would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    None,
    Inside,
    /// In a block of `except*`, which they cannot leave.
    ExceptStar,
}

/// How a name occurs in a scope. Several may hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub used: bool,
    pub bound: bool,
    pub parameter: bool,
    /// By an `import`, which a later declaration may still follow.
    pub imported: bool,
    pub annotated: bool,
    pub global: bool,
    pub nonlocal: bool,
    /// The variable of a `for` of a comprehension.
    pub iteration: bool,
}

/// One scope that is being walked.
pub struct Scope {
    pub kind: ScopeKind,
    pub names: HashMap<Name, Usage>,
    pub place: Loop,
    /// Whether the current block belongs to an `except*`.
    pub in_except_star: bool,
    pub has_yield: bool,
    /// Something in it awaits.
    pub is_async: bool,
    /// In the iterable of a comprehension of this scope.
    pub in_iterable: bool,
    /// The first `return` with a value.
    pub returns_value: Option<Span>,
    /// `nonlocal` names of this scope and those within, not found so far.
    pub unresolved: Vec<(Name, Span)>,
    /// Whether the names bound here are type parameters.
    pub has_type_parameters: bool,
}

impl Scope {
    pub fn new(kind: ScopeKind) -> Scope {
        Scope {
            kind,
            names: HashMap::new(),
            place: Loop::None,
            in_except_star: false,
            has_yield: false,
            is_async: kind == ScopeKind::AsyncFunction,
            in_iterable: false,
            returns_value: None,
            unresolved: Vec::new(),
            has_type_parameters: false,
        }
    }

    pub fn usage(&mut self, name: &Name) -> &mut Usage {
        if !self.names.contains_key(name) {
            self.names.insert(name.clone(), Usage::default());
        }
        self.names.entry(name.clone()).or_default()
    }

    pub fn is_comprehension(&self) -> bool {
        matches!(self.kind, ScopeKind::Comprehension { .. })
    }

    /// Whether names bound here can be reached with `nonlocal`.
    fn is_function_like(&self) -> bool {
        !matches!(self.kind, ScopeKind::Module | ScopeKind::Class)
    }

    /// The `nonlocal` names that this scope, now complete, leaves to the one around it. `own` are those
    /// it declares itself, which it cannot satisfy.
    pub fn leave_unresolved(&mut self) -> Vec<(Name, Span)> {
        let mut unresolved = std::mem::take(&mut self.unresolved);
        if self.kind == ScopeKind::Class {
            // The methods of a class can reach the class itself under this name.
            unresolved.retain(|(name, _)| name.as_ref() != "__class__");
        }
        if self.is_function_like() && !self.has_type_parameters {
            unresolved.retain(|(name, _)| {
                let usage = self.names.get(name).copied().unwrap_or_default();
                let binds = (usage.bound || usage.imported || usage.parameter) && !usage.global && !usage.nonlocal;
                !binds
            });
        }
        unresolved
    }
}
