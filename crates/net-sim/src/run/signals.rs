//! Signals that ask a run to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::error::{Error, Result};

/// Listens to SIGTERM, SIGINT and SIGUSR1 as long as it lives; a signal is only noted.
pub(super) struct Signals {
    has_come: Arc<AtomicBool>,
    ids: Vec<SigId>,
}

impl Signals {
    pub(super) fn listen() -> Result<Self> {
        let mut signals = Signals { has_come: Arc::default(), ids: Vec::new() };
        for signal in [SIGTERM, SIGINT, SIGUSR1] {
            let flag = Arc::clone(&signals.has_come);
            let id = signal_hook::flag::register(signal, flag)
                .map_err(|source| Error::Signal { signal, source })?;
            signals.ids.push(id);
        }
        Ok(signals)
    }

    /// Whether one of them has come.
    pub(super) fn have_come(&self) -> bool {
        self.has_come.load(Ordering::Relaxed)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
