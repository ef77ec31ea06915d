//! Threads that advance together, epoch by epoch.
//!
//! An epoch is too short to start threads for, or to put them to sleep between two: they wait in a
//! barrier that spins, and yields when there are more threads than cores.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Turns of waiting before a thread yields its core, where every thread has one.
const SPINS: u32 = 20_000;

/// One leader, which also computes, and followers.
pub(crate) struct Team {
    n_members: usize,
    spins: u32,
    arrived: AtomicUsize,
    round: AtomicUsize,
    dismissed: AtomicBool,
    panic: Mutex<Option<String>>,
}

impl Team {
    /// A team of `n_members`, the leader among them; `has_cores` says whether each of them has a
    /// core for itself.
    pub(crate) fn new(n_members: usize, has_cores: bool) -> Self {
        Team {
            n_members,
            spins: if has_cores { SPINS } else { 0 },
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            dismissed: AtomicBool::new(false),
            panic: Mutex::new(None),
        }
    }

    /// A follower's life: `work`s once for every [`lead`](Self::lead), until the team is dismissed.
    ///
    /// A panic of `work` is kept for the leader; the follower goes on, so that nobody waits for it.
    pub(crate) fn follow(&self, mut work: impl FnMut()) {
        loop {
            self.meet();
            if self.is_dismissed() {
                return;
            }
            if let Err(payload) = catch_unwind(AssertUnwindSafe(&mut work)) {
                let mut panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
                panic.get_or_insert(message_of(&*payload));
            }
            self.meet();
        }
    }

    /// Lets all followers work, and the leader too; returns when all are done.
    ///
    /// # Errors
    /// The message of a follower that panicked.
    pub(crate) fn lead(&self, work: impl FnOnce()) -> Result<(), String> {
        self.meet();
        work();
        self.meet();
        match self.panic.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(message) => Err(message),
            None => Ok(()),
        }
    }

    /// Ends the followers when dropped, also by a panic of the leader.
    pub(crate) fn dismissal(&self) -> Dismissal<'_> {
        Dismissal { team: self }
    }

    fn is_dismissed(&self) -> bool {
        self.dismissed.load(Ordering::Acquire)
    }

    /// Waits until all members have come here, or the team is dismissed.
    fn meet(&self) {
        if self.n_members == 1 {
            return;
        }
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.n_members {
            self.arrived.store(0, Ordering::Release);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut turns = 0;
        while self.round.load(Ordering::Acquire) == round && !self.is_dismissed() {
            if turns < self.spins {
                turns += 1;
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// See [`Team::dismissal`].
pub(crate) struct Dismissal<'t> {
    team: &'t Team,
}

impl Drop for Dismissal<'_> {
    fn drop(&mut self) {
        self.team.dismissed.store(true, Ordering::Release);
    }
}

/// What a panic said.
fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs rounds in a team of three, in which each member adds what `work` says to a counter.
    fn rounds(n_rounds: usize, work: impl Fn(usize) + Sync) -> (usize, Result<(), String>) {
        let (team, count) = (Team::new(3, false), AtomicUsize::new(0));
        let outcome = std::thread::scope(|scope| {
            for member in 1..3 {
                let (team, count, work) = (&team, &count, &work);
                scope.spawn(move || {
                    team.follow(|| {
                        work(member);
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                });
            }
            let _dismissal = team.dismissal();
            (0..n_rounds).try_for_each(|_| {
                team.lead(|| {
                    work(0);
                    count.fetch_add(1, Ordering::Relaxed);
                })
            })
        });
        (count.into_inner(), outcome)
    }

    #[test]
    fn everybody_works_in_every_round() {
        assert_eq!(rounds(0, |_| ()), (0, Ok(())));
        assert_eq!(rounds(1000, |_| ()), (3000, Ok(())));
    }

    #[test]
    fn a_panic_of_a_follower_reaches_the_leader() {
        let (_, outcome) = rounds(10, |member| assert!(member != 2, "out of tune"));
        assert_eq!(outcome, Err("out of tune".to_owned()));
    }

    #[test]
    fn a_panic_of_the_leader_ends_the_team() {
        let outcome = catch_unwind(|| rounds(10, |member| assert!(member != 0, "out of tune")));
        assert!(outcome.is_err());
    }
}
