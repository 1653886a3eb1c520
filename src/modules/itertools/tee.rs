//! `itertools.tee`: several iterators over the items of one.
//!
//! What was read is kept in blocks, each of which knows the next. An iterator holds the block it is in, so that a
//! block goes when the last iterator has left it. A block is the payload of an object, which copies share.

use std::cell::Cell;

use super::{COPIES_WITH_STATE, class_of, parts, wrong_parts};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::iterator::{IteratorState, NativeIterator, Recipe};
use crate::value::{Class, Instance, Iterator, Mutable, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// How many items a block has, as in CPython, so that pickles can be exchanged.
const BLOCK: usize = 57;

struct Block {
    iterator: Value,
    items: Mutable<Vec<Value>>,
    /// None while there is none.
    next: Mutable<Value>,
    /// Whether the iterator is being asked for an item.
    is_busy: Cell<bool>,
}

impl Payload for Block {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
        self.items.borrow().iter().for_each(|item| item.trace(tracer));
        self.next.borrow().trace(tracer);
    }

    fn clear(&self) {
        drop(self.items.take());
        self.next.set(Value::None);
    }
}

impl Block {
    fn with(iterator: Value, items: Vec<Value>, next: Value) -> Value {
        let block = Block { iterator, items: Mutable::new(items), next: Mutable::new(next), is_busy: Cell::new(false) };
        BLOCKS.with(|class| Value::Instance(Instance::with_payload(class.clone(), block)))
    }

    /// An item, which is read if it has not been yet.
    fn item(&self, vm: &mut Vm, index: usize) -> Result<Option<Value>> {
        if let Some(item) = self.items.borrow().get(index) {
            return Ok(Some(item.clone()));
        }
        if self.is_busy.replace(true) {
            return Err(Raised::runtime_error("cannot re-enter the tee iterator"));
        }
        let item = vm.next(&self.iterator);
        self.is_busy.set(false);
        let item = item?;
        self.items.borrow_mut().extend(item.clone());
        Ok(item)
    }

    /// The block behind this one.
    fn following(&self) -> Value {
        if self.next.borrow().is_none() {
            self.next.set(Block::with(self.iterator.clone(), Vec::new(), Value::None));
        }
        self.next.get()
    }
}

struct Tee {
    block: Mutable<Value>,
    /// The next item in the block.
    index: Cell<usize>,
}

impl NativeIterator for Tee {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let mut object = self.block.get();
        if self.index.get() >= BLOCK {
            let Some(block) = object.payload::<Block>() else { return Ok(None) };
            let following = block.following();
            self.block.set(following.clone());
            self.index.set(0);
            object = following;
        }
        let Some(block) = object.payload::<Block>() else { return Ok(None) };
        let item = block.item(vm, self.index.get())?;
        if item.is_some() {
            self.index.set(self.index.get() + 1);
        }
        Ok(item)
    }

    fn shared(&self) -> Option<(Value, usize)> {
        Some((self.block.get(), self.index.get()))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let state = Value::tuple(vec![self.block.get(), Value::from(self.index.get())]);
        Ok(Recipe { state: Some(state), ..Recipe::of_class(vec![Value::tuple(Vec::new())]) })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let [block, index] = parts(state)? else { return Err(wrong_parts(2, parts(state)?.len())) };
        if block.payload::<Block>().is_none() {
            let kind = block.type_name();
            return Err(Raised::type_error(format!("argument 1 must be itertools._tee_dataobject, not {kind}")));
        }
        let index = usize::try_from(vm.index(index)?).ok().filter(|index| *index <= BLOCK);
        self.index.set(index.ok_or_else(|| Raised::value_error("Index out of range"))?);
        self.block.set(block.clone());
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.block.borrow().trace(tracer);
    }
}

thread_local! {
    static TEE: Class = {
        let class = class_of(&("_tee", ROWS, COPIES_WITH_STATE));
        class.has_weak_references.set(true);
        class
    };
    static BLOCKS: Class = crate::modules::native_class("itertools._tee_dataobject", &types().object, BLOCK_ROWS);
}

pub fn classes() -> [Class; 2] {
    [TEE.with(Class::clone), BLOCKS.with(Class::clone)]
}

const ROWS: &[Native] = &[
    native!("__new__(cls, iterable, /)", new_tee(required, required), "An iterator that can be copied.")
        .static_method(),
    native!("__copy__(self, /)", copy(required), "Returns an independent iterator."),
];

const BLOCK_ROWS: &[Native] = &[
    native!("__new__(cls, it, values, next, /)", new_block(required, required, required, required), "Items read.")
        .static_method(),
    native!("__reduce__(self, /)", reduce_block(required), "Return state information for pickling."),
];

fn new_block(_: &mut Vm, _: &Class, iterator: &Value, values: &Value, next: &Value) -> Result<Value> {
    let Value::List(values) = values.native() else {
        return Err(Raised::type_error(format!("argument 2 must be list, not {}", values.type_name())));
    };
    let is_full = values.len() == BLOCK;
    if values.len() > BLOCK || !(next.is_none() || is_full && next.payload::<Block>().is_some()) {
        return Err(Raised::value_error("Invalid arguments"));
    }
    Ok(Block::with(iterator.clone(), values.snapshot(), next.clone()))
}

fn reduce_block(vm: &mut Vm, this: &Value) -> Result<Value> {
    super::warn_of_copy(vm)?;
    let block = this.payload::<Block>().ok_or_else(|| Raised::type_error("this is no block of tee"))?;
    let arguments = vec![block.iterator.clone(), Value::list(block.items.get()), block.next.get()];
    Ok(Value::tuple(vec![Value::Class(this.class()), Value::tuple(arguments)]))
}

/// The block and the place in it of an iterator that `tee` made.
fn place_of(value: &Value) -> Option<(Value, usize)> {
    let Value::Iterator(iterator) = value.native() else { return None };
    let IteratorState::Native(state) = &iterator.state else { return None };
    state.shared().filter(|(block, _)| block.payload::<Block>().is_some())
}

fn at(block: Value, index: usize) -> Tee {
    Tee { block: Mutable::new(block), index: Cell::new(index) }
}

fn new_tee(vm: &mut Vm, class: &Class, iterable: &Value) -> Result<Value> {
    let tee = match place_of(iterable) {
        Some((block, index)) => at(block, index),
        None => at(Block::with(vm.iterate(iterable)?, Vec::new(), Value::None), 0),
    };
    Ok(super::native_iterator(class, tee))
}

fn copy(_: &mut Vm, this: &Value) -> Result<Value> {
    let (block, index) = place_of(this).ok_or_else(|| Raised::type_error("this is no iterator of tee"))?;
    Ok(TEE.with(|class| Iterator::native(class, at(block, index))))
}

pub fn tee(vm: &mut Vm, iterable: &Value, count: Option<i64>) -> Result<Value> {
    let Ok(count) = usize::try_from(count.unwrap_or(2)) else {
        return Err(Raised::value_error("n must be >= 0"));
    };
    if count == 0 {
        return Ok(Value::tuple(Vec::new()));
    }
    // What can be copied is the first itself.
    let iterator = vm.iterate(iterable)?;
    let name = Str::intern("__copy__");
    let (first, copier) = match vm.get_attribute_if_any(&iterator, &name)? {
        Some(copier) => (iterator, copier),
        None => {
            let first = TEE.with(|class| new_tee(vm, class, &iterator))?;
            let copier = vm.get_attribute(&first, &name)?;
            (first, copier)
        }
    };
    let mut iterators = Vec::new();
    iterators.try_reserve_exact(count).map_err(|_| Raised::out_of_memory())?;
    iterators.push(first);
    for _ in 1..count {
        iterators.push(vm.call(&copier, &[])?);
    }
    Ok(Value::tuple(iterators))
}
