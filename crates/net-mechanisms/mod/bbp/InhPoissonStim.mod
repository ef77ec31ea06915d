TITLE Cell that fires at random with a given rate

COMMENT
Candidates come at intervals from an exponential distribution of the largest rate (stream exp_rng); each
becomes a spike with the probability rate/rmax (stream uniform_rng): thinning, after Lewis and Shedler, Naval
Research Logistics 26 (1979) 403. Neurodamus makes spontaneous release with it. There the rate is a vector
over bins of time; here it is the one number of which spontaneous release makes use, rmax being equal to it
unless it is given. The first number of exp_rng is passed over, as there.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL InhPoissonStim
    RANDOM exp_rng, uniform_rng
    RANGE rate, rmax, start, duration
}

PARAMETER {
    rate = 1 (/s) <0, 1e9>
    rmax = 0 (/s) <0, 1e9>
    start = 0 (ms) <0, 1e9>
    duration = 1e6 (ms) <0, 1e9>
}

ASSIGNED {
    largest (/s)
    interval (ms)
}

INITIAL {
    largest = rmax
    if (rmax == 0) {
        largest = rate
    }
    interval = random_negexp(exp_rng)
    next()
}

: The next candidate, unless it is too late for one.
PROCEDURE next() {
    if (largest > 0) {
        interval = 1000/largest*random_negexp(exp_rng)
        if (t + interval < start + duration) {
            net_send(interval, 1)
        }
    }
}

NET_RECEIVE (w) {
    if (flag == 1) {
        next()
        if (random_uniform(uniform_rng) < rate/largest) {
            net_event(t)
        }
    }
}
