//! What a network is: identifiers, populations, random streams, wiring, partition, the step clock.
