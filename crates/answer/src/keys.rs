//! The keys that clients may sign with.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use understudy_wire::{Name, TsigKey};

type ByName = HashMap<Box<[u8]>, Arc<TsigKey>>;

/// The keys that are known here, for every thread the same. They may be changed while queries are
/// answered.
#[derive(Debug, Default)]
pub struct TsigKeys(ArcSwap<ByName>);

impl TsigKeys {
    /// Knows exactly these keys from now on. Of two with one name the last.
    pub fn replace(&self, keys: impl IntoIterator<Item = TsigKey>) {
        let named = keys
            .into_iter()
            .map(|key| (key.name().octets().into(), Arc::new(key)));
        self.0.store(Arc::new(named.collect()));
    }

    /// The key of this name; case means nothing in it.
    #[must_use]
    pub fn find(&self, name: Name<'_>) -> Option<Arc<TsigKey>> {
        let lower = name.to_lower();
        self.0.load().get(lower.as_name().octets()).cloned()
    }
}
