//! A place for one value of each type: what loaders of one request have read.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// One value of each type, made when first asked for.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Shelf {
    /// The value of a type.
    pub(crate) fn of<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = values
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::new(T::default()) as Arc<dyn Any + Send + Sync>);
        Arc::clone(value).downcast().unwrap_or_default()
    }

    /// Empties it.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
