//! Events on their way to a block, by the step at which they are due.

/// A ring of lists, one a step. Within a step, events keep the order in which they were added.
#[derive(Debug)]
pub(crate) struct EventQueue<E> {
    steps: Vec<Vec<E>>,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue { steps: Vec::new() }
    }
}

impl<E> EventQueue<E> {
    /// Makes room for events up to `n_steps` ahead.
    pub(crate) fn reserve(&mut self, n_steps: u64) {
        let n = (n_steps as usize + 1).next_power_of_two();
        assert!(self.steps.iter().all(Vec::is_empty), "the ring is sized before events are added");
        self.steps.resize_with(n, Vec::new);
    }

    /// Adds an event due at `step`, which must be less than the ring's length ahead.
    pub(crate) fn push(&mut self, step: u64, event: E) {
        let at = step as usize & (self.steps.len() - 1);
        self.steps[at].push(event);
    }

    /// The events due at `step`.
    pub(crate) fn due(&self, step: u64) -> &[E] {
        &self.steps[step as usize & (self.steps.len() - 1)]
    }

    /// The steps from `first` on that may have events, each with them.
    pub(crate) fn from(&self, first: u64) -> impl Iterator<Item = (u64, &[E])> {
        let steps = first..first + self.steps.len() as u64;
        steps.map(|step| (step, self.due(step))).filter(|(_, events)| !events.is_empty())
    }

    /// Number of steps ahead for which there is room.
    pub(crate) fn n_steps(&self) -> u64 {
        self.steps.len() as u64
    }

    /// Bytes of all lists with the room that they have.
    pub(crate) fn memory_bytes(&self) -> usize {
        let events: usize = self.steps.iter().map(Vec::capacity).sum();
        self.steps.capacity() * size_of::<Vec<E>>() + events * size_of::<E>()
    }

    /// Forgets all events.
    pub(crate) fn clear_all(&mut self) {
        self.steps.iter_mut().for_each(Vec::clear);
    }

    /// Forgets the events of these steps.
    pub(crate) fn clear(&mut self, steps: std::ops::Range<u64>) {
        for step in steps {
            let at = step as usize & (self.steps.len() - 1);
            self.steps[at].clear();
        }
    }
}
