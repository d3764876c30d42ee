//! Tables whose changes can be taken back.
//!
//! Work is proportional to what is touched: a change keeps the row that was there before, and taking back
//! puts it there again. Nothing here knows what a row means.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Iter, Range, Values};
use std::fmt;
use std::ops::RangeBounds;

/// Something that can go back to how it was at a mark, unless that was forgotten.
pub(crate) trait Remembers {
    /// Now. Marks rise, and are only compared with marks of the same table.
    fn mark(&self) -> u64;
    /// Back to how it was at `mark`.
    fn back_to(&mut self, mark: u64);
    /// Nobody will want to go back to before `mark`.
    fn forget_before(&mut self, mark: u64);
}

/// Rows by key, in the order of the keys.
#[derive(Clone)]
pub(crate) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    /// What was there before each change, oldest first.
    past: VecDeque<(K, Option<V>)>,
    /// How many changes are forgotten.
    forgotten: u64,
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.rows.contains_key(key)
    }

    pub(crate) fn iter(&self) -> Iter<'_, K, V> {
        self.rows.iter()
    }

    pub(crate) fn values(&self) -> Values<'_, K, V> {
        self.rows.values()
    }

    pub(crate) fn range(&self, range: impl RangeBounds<K>) -> Range<'_, K, V> {
        self.rows.range(range)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it is new.
    pub(crate) fn put(&mut self, key: K, value: V) -> bool {
        let before = self.rows.insert(key.clone(), value);
        let new = before.is_none();
        self.past.push_back((key, before));
        new
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let (key, before) = self.rows.remove_entry(key)?;
        self.past.push_back((key, Some(before.clone())));
        Some(before)
    }

    /// Whether there is such a row.
    pub(crate) fn change(&mut self, key: &K, change: impl FnOnce(&mut V)) -> bool {
        let Some(row) = self.rows.get_mut(key) else { return false };
        self.past.push_back((key.clone(), Some(row.clone())));
        change(row);
        true
    }
}

impl<K: Ord, V> Remembers for Table<K, V> {
    fn mark(&self) -> u64 {
        self.forgotten.saturating_add(u64::try_from(self.past.len()).unwrap_or(u64::MAX))
    }

    fn back_to(&mut self, mark: u64) {
        while self.mark() > mark {
            match self.past.pop_back() {
                Some((key, Some(before))) => {
                    self.rows.insert(key, before);
                }
                Some((key, None)) => {
                    self.rows.remove(&key);
                }
                None => return,
            }
        }
    }

    fn forget_before(&mut self, mark: u64) {
        while self.forgotten < mark && self.past.pop_front().is_some() {
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }
}

/// Rows that are only ever added.
#[derive(Clone)]
pub(crate) struct Log<T> {
    rows: Vec<T>,
}

impl<T> Log<T> {
    pub(crate) fn push(&mut self, row: T) {
        self.rows.push(row);
    }

    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }
}

impl<T> Remembers for Log<T> {
    fn mark(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    fn back_to(&mut self, mark: u64) {
        self.rows.truncate(usize::try_from(mark).unwrap_or(usize::MAX));
    }

    fn forget_before(&mut self, _mark: u64) {}
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table { rows: BTreeMap::new(), past: VecDeque::new(), forgotten: 0 }
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Log { rows: Vec::new() }
    }
}

/// What is there now; how it came to be is no difference.
impl<K: PartialEq, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl<T: PartialEq> PartialEq for Log<T> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Log<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.fmt(f)
    }
}
