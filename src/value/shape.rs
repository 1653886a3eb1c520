//! Shapes (hidden classes): which attribute of an instance is in which slot.
//!
//! Instances that get the same attributes in the same order share a shape, so that an inline cache
//! needs to compare one number. Shapes form a tree from the empty one; they are never freed.

use std::cell::RefCell;
use std::collections::HashMap;

use super::Str;

/// The number of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape(pub u32);

/// The shape of an instance whose attributes are in a dict (in slot 0).
pub const DICTIONARY: Shape = Shape(0);
/// The shape of an instance without attributes.
pub const EMPTY: Shape = Shape(1);

/// More attributes than this go to a dict.
const MOST_SLOTS: usize = 64;

#[derive(Default)]
struct Node {
    /// The attributes in slot order; all interned.
    names: Vec<Str>,
    /// Slot by address of the name, when there are many.
    slots: HashMap<usize, u32>,
    /// The shape with one more attribute, by address of its name.
    next: HashMap<usize, Shape>,
}

thread_local! {
    static NODES: RefCell<Vec<Node>> = RefCell::new(vec![Node::default(), Node::default()]);
}

impl Shape {
    /// The slot of an (interned) name.
    pub fn slot(self, name: &Str) -> Option<usize> {
        NODES.with_borrow(|nodes| {
            let node = &nodes[self.0 as usize];
            if node.names.len() > 8 {
                return node.slots.get(&name.address()).map(|&slot| slot as usize);
            }
            node.names.iter().position(|known| known.same(name))
        })
    }

    /// The shape with one more attribute; None when there are too many for slots.
    pub fn with(self, name: &Str) -> Option<Shape> {
        NODES.with_borrow_mut(|nodes| {
            let node = &nodes[self.0 as usize];
            if let Some(&next) = node.next.get(&name.address()) {
                return Some(next);
            }
            if node.names.len() >= MOST_SLOTS {
                return None;
            }
            let mut names = node.names.clone();
            names.push(name.clone());
            let mut slots = HashMap::new();
            if names.len() > 8 {
                slots = names.iter().enumerate().map(|(slot, name)| (name.address(), slot as u32)).collect();
            }
            let next = Shape(nodes.len() as u32);
            nodes.push(Node { names, slots, next: HashMap::new() });
            nodes[self.0 as usize].next.insert(name.address(), next);
            Some(next)
        })
    }

    /// The attributes in slot order.
    pub fn names(self) -> Vec<Str> {
        NODES.with_borrow(|nodes| nodes[self.0 as usize].names.clone())
    }
}
