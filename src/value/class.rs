//! Classes.
//!
//! A class has a namespace (a dict), bases and the order in which they are searched. What a lookup
//! found is kept in a table of the class until the class or one of its bases changes; then `version`
//! becomes a new number, which also tells inline caches that they are out of date.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::{Dict, Gc, Mutable, Str, Value, Weak, symbols, types};
use crate::memory::{Object, Tracer};

/// A counted class.
pub type Class = Gc<ClassObject>;

/// What is inside an instance of a class: the kind of `Value` that `__new__` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// An instance with attributes.
    Object,
    Int,
    Float,
    Str,
    Bytes,
    Tuple,
    List,
    Dict,
    Set,
    FrozenSet,
    Exception,
    Class,
    Future,
    Task,
    /// An instance with a native payload, made by the class's own `__new__` row.
    Native,
    /// A builtin kind that classes of the script cannot derive from.
    Sealed,
}

pub struct ClassObject {
    name: Mutable<Str>,
    pub qualified_name: Mutable<Str>,
    /// `type` unless the script has a metaclass of its own; unbound for `type` itself while it is made.
    metaclass: Mutable<Option<Class>>,
    pub bases: Mutable<Vec<Class>>,
    /// The search order without the class itself.
    mro: Mutable<Vec<Class>>,
    /// How many of these are searched before the class itself: none, unless a metaclass has its own `mro`.
    own_place: Cell<usize>,
    /// Whether the search order is known: it is not while the `mro` of a metaclass works it out.
    pub is_ordered: Cell<bool>,
    pub namespace: Gc<Dict>,
    pub layout: Layout,
    /// Part of the interpreter: cannot be changed by a script.
    builtin: Cell<bool>,
    /// Unique; renewed when this class or a base changes.
    version: Cell<u32>,
    /// What lookups found, by address of the interned name, for this version.
    found: RefCell<HashMap<usize, Option<Value>, rustc_hash::FxBuildHasher>>,
    subclasses: Mutable<Vec<Weak<ClassObject>>>,
    /// Whether instances have a `__del__`.
    pub has_finalizer: Cell<bool>,
    /// Whether instances have a `__dict__` (no `__slots__` all the way).
    pub has_dictionary: Cell<bool>,
    /// Whether weak references to instances can be made (no `__slots__` all the way).
    pub has_weak_references: Cell<bool>,
    /// What `__slots__` of the class itself names, mangled and sorted.
    pub slots: Mutable<Vec<Str>>,
    /// The version for which the next two hold: how the VM makes instances.
    pub constructor_version: Cell<u32>,
    /// `__new__` is that of object or BaseException, and `__init__` either too or a function.
    pub has_plain_new: Cell<bool>,
    /// The `__init__` of the script.
    pub plain_init: Mutable<Option<Gc<super::Function>>>,
    /// Whether a `__setattr__`, `__getattribute__` ... of the script is found on it.
    pub has_custom_access: Cell<bool>,
}

thread_local! {
    static LAST_VERSION: Cell<u32> = const { Cell::new(0) };
}

fn next_version() -> u32 {
    LAST_VERSION.with(|last| {
        last.set(last.get() + 1);
        last.get()
    })
}

impl ClassObject {
    /// A class with its search order already known (without the class itself).
    pub fn new(name: Str, layout: Layout, bases: Vec<Class>, mro: Vec<Class>, namespace: Gc<Dict>) -> Class {
        let class = Gc::new(ClassObject {
            qualified_name: Mutable::new(name.clone()),
            name: Mutable::new(name),
            metaclass: Mutable::new(None),
            bases: Mutable::new(bases),
            mro: Mutable::new(mro),
            own_place: Cell::new(0),
            is_ordered: Cell::new(true),
            namespace,
            layout,
            builtin: Cell::new(false),
            version: Cell::new(next_version()),
            found: RefCell::default(),
            subclasses: Mutable::default(),
            has_finalizer: Cell::new(false),
            has_dictionary: Cell::new(true),
            has_weak_references: Cell::new(true),
            has_custom_access: Cell::new(false),
            slots: Mutable::default(),
            constructor_version: Cell::new(0),
            has_plain_new: Cell::new(false),
            plain_init: Mutable::new(None),
        });
        let weak = Weak::new(&class);
        for base in class.bases.borrow().iter() {
            base.subclasses.borrow_mut().push(weak.clone());
        }
        class
    }

    pub fn name(&self) -> Str {
        self.name.get()
    }

    pub fn set_name(&self, name: Str) {
        self.name.set(name);
    }

    pub fn metaclass(&self) -> Class {
        match &*self.metaclass.borrow() {
            Some(metaclass) => metaclass.clone(),
            None => types().type_.clone(),
        }
    }

    pub fn set_metaclass(&self, metaclass: Class) {
        self.metaclass.set(Some(metaclass));
    }

    /// Whether it derives from BaseException.
    #[inline(always)]
    pub fn is_exception(&self) -> bool {
        self.layout == Layout::Exception
    }

    pub fn is_builtin(&self) -> bool {
        self.builtin.get()
    }

    /// Lets the script set attributes of a class written in Rust.
    pub fn allow_changes(&self) {
        self.builtin.set(false);
    }

    pub fn set_builtin(&self) {
        self.builtin.set(true);
    }

    #[inline(always)]
    pub fn version(&self) -> u32 {
        self.version.get()
    }

    /// The search order without the class itself.
    pub fn ancestors(&self) -> Vec<Class> {
        self.mro.get()
    }

    /// Sets the search order: that without the class itself, which stands behind `own_place` of these.
    pub fn set_ancestors(&self, mro: Vec<Class>, own_place: usize) {
        self.mro.set(mro);
        self.own_place.set(own_place);
    }

    /// How many of its ancestors are searched before the class itself.
    pub fn own_place(&self) -> usize {
        self.own_place.get()
    }

    /// An attribute of the class or an ancestor, as it stands there. `name` is interned.
    #[inline]
    pub fn lookup(&self, name: &Str) -> Option<Value> {
        let key = name.address();
        if let Some(found) = self.found.borrow().get(&key) {
            return found.clone();
        }
        let found = self.lookup_uncached(name);
        self.found.borrow_mut().insert(key, found.clone());
        found
    }

    fn lookup_uncached(&self, name: &Str) -> Option<Value> {
        let mro = self.mro.borrow();
        let (before, behind) = mro.split_at(self.own_place.get().min(mro.len()));
        let search = |classes: &[Class]| classes.iter().find_map(|class| class.namespace.get_str(name));
        search(before).or_else(|| self.namespace.get_str(name)).or_else(|| search(behind))
    }

    /// Sets an attribute of the class. `name` is interned.
    pub fn set(&self, name: &Str, value: Value) {
        self.namespace.set_str(name, value);
        self.changed();
    }

    /// Removes an attribute of the class. `name` is interned.
    pub fn remove(&self, name: &Str) -> Option<Value> {
        let old = self.namespace.remove_str(name);
        self.changed();
        old
    }

    /// Forgets what was found, here and in all classes derived from this one.
    pub fn changed(&self) {
        self.version.set(next_version());
        self.found.borrow_mut().clear();
        let names = symbols();
        let custom = |name: &Str| self.lookup_uncached(name).is_some_and(|found| is_custom(&found, name));
        self.has_finalizer.set(self.lookup_uncached(&names.del).is_some());
        self.has_custom_access.set(custom(&names.getattribute) || custom(&names.setattr) || custom(&names.delattr));
        for class in self.live_subclasses() {
            class.changed();
        }
    }

    /// The classes that have this one as a base.
    pub fn live_subclasses(&self) -> Vec<Class> {
        let mut subclasses = self.subclasses.borrow_mut();
        let alive: Vec<Class> = subclasses.iter().filter_map(Weak::upgrade).collect();
        if alive.len() < subclasses.len() {
            *subclasses = alive.iter().map(Weak::new).collect();
        }
        alive
    }
}

/// Whether a method that a builtin class has under a name was replaced by the script.
pub fn is_custom(found: &Value, name: &Str) -> bool {
    !matches!(found, Value::Native(native) if native.row.is_named(name))
}

impl Gc<ClassObject> {
    /// As `lookup`, but only in the classes that follow `class` in the search order of `self`.
    pub fn lookup_after(&self, class: &Class, name: &Str) -> Option<Value> {
        if self.own_place.get() > 0 {
            let order = self.search_order();
            let start = order.iter().position(|other| other.same(class))? + 1;
            return order[start..].iter().find_map(|class| class.namespace.get_str(name));
        }
        let mro = self.mro.borrow();
        if self.same(class) {
            return mro.iter().find_map(|class| class.namespace.get_str(name));
        }
        let start = mro.iter().position(|other| other.same(class))? + 1;
        mro[start..].iter().find_map(|class| class.namespace.get_str(name))
    }

    /// The class itself and its ancestors, in search order.
    pub fn search_order(&self) -> Vec<Class> {
        let mut order = self.mro.get();
        order.insert(self.own_place.get().min(order.len()), self.clone());
        order
    }

    /// `class.__bases__ = bases`. The class and those derived from it keep the search order they have.
    pub fn set_bases(&self, bases: Vec<Class>) {
        for base in self.bases.get() {
            base.subclasses.borrow_mut().retain(|weak| weak.upgrade().is_some_and(|class| !class.same(self)));
        }
        let weak = Weak::new(self);
        for base in &bases {
            base.subclasses.borrow_mut().push(weak.clone());
        }
        self.bases.set(bases);
    }

    /// The class in which a lookup finds the name.
    pub fn owner(&self, name: &Str) -> Option<Class> {
        self.search_order().into_iter().find(|class| class.namespace.find_str(name).is_some())
    }

    /// `issubclass(self, other)`, without hooks.
    #[inline]
    pub fn is_subclass(&self, other: &Class) -> bool {
        self.same(other) || self.mro.borrow().iter().any(|class| class.same(other))
    }
}

impl Object for ClassObject {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some(metaclass) = &*self.metaclass.borrow() {
            tracer.visit(metaclass);
        }
        self.bases.borrow().iter().for_each(|class| tracer.visit(class));
        self.mro.borrow().iter().for_each(|class| tracer.visit(class));
        tracer.visit(&self.namespace);
        if let Some(init) = &*self.plain_init.borrow() {
            tracer.visit(init);
        }
        self.found.borrow().values().flatten().for_each(|value| value.trace(tracer));
    }

    fn clear(&self) {
        self.namespace.clear();
        self.found.borrow_mut().clear();
        self.plain_init.set(None);
        drop(self.bases.take());
        drop(self.mro.take());
    }
}
