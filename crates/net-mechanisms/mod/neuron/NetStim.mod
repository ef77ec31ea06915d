TITLE Cell that fires at intervals of which a part is random

COMMENT
`number` spikes, the first at `start` plus a random part. An interval is (1 - noise) interval plus an
exponential part of mean noise interval: regular with noise 0, a Poisson process with noise 1. An event with
a positive weight starts the spikes anew where they have ended, one with a negative weight stops them for good.
Names, defaults and draws (stream ranvar) are those of the artificial cell of this name in NEURON 9.

Hines and Carnevale, Neurocomputing 58-60 (2004) 1117.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL NetStim
    RANDOM ranvar
    RANGE interval, number, start, noise
}

PARAMETER {
    interval = 10 (ms) <1e-9, 1e9>
    number = 10 <0, 1e9>
    start = 50 (ms)
    noise = 0 <0, 1>
}

ASSIGNED {
    running
    fired
    wait (ms)
}

INITIAL {
    running = 0
    fired = 0
    if (start >= 0 && number > 0) {
        running = 1
        wait = start + drawn_interval() - interval*(1 - noise)
        if (wait < 0) {
            wait = 0
        }
        net_send(wait, 3)
    }
}

FUNCTION drawn_interval() (ms) {
    drawn_interval = interval
    if (noise > 0) {
        drawn_interval = (1 - noise)*interval + noise*interval*random_negexp(ranvar)
    }
}

NET_RECEIVE (w) {
    if (flag == 0) {
        if (w > 0 && running == 0) {
            fired = 0
            wait = 0
            if (number > 0) {
                running = 1
                wait = drawn_interval()
            }
            if (fired >= number) {
                running = 0
            }
            wait = wait - interval*(1 - noise)
            net_send(wait, 1)
        } else if (w < 0) {
            running = 0
        }
    }
    if (flag == 3 && running == 1) {
        fired = 0
        net_send(0, 1)
    }
    if (flag == 1 && running == 1) {
        fired = fired + 1
        net_event(t)
        if (number > 0) {
            wait = drawn_interval()
        }
        if (fired >= number) {
            running = 0
        } else {
            net_send(wait, 1)
        }
    }
}
