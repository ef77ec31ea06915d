TITLE Synapse with two exponentials, depression and a window after spikes of the cell

NEURON {
    POINT_PROCESS Window
    NONSPECIFIC_CURRENT i
    RANGE tau1, tau2, e, open
    RANDOM r
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    tau1 = .5 (ms) <1e-9, 1e9>
    tau2 = 2 (ms) <1e-9, 1e9>
    e = 0 (mV)
    p = 0.5
    threshold = -20 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    factor
    open
}

STATE {
    A (uS)
    B (uS)
}

INITIAL {
    LOCAL peak
    if (tau1/tau2 > .9999) {
        tau1 = .9999*tau2
    }
    A = 0
    B = 0
    open = 0
    peak = (tau1*tau2)/(tau2 - tau1)*log(tau2/tau1)
    factor = 1/(exp(-peak/tau2) - exp(-peak/tau1))
    random_setseq(r, 0)
    net_send(0, 1)
}

BREAKPOINT {
    SOLVE state METHOD cnexp
    i = (B - A)*(v - e)
}

DERIVATIVE state {
    A' = -A/tau1
    B' = -B/tau2
}

NET_RECEIVE (weight (uS), depression, last (ms)) {
    INITIAL {
        depression = 1
        last = -1e9 (ms)
    }
    if (flag == 0) {
        if (random_uniform(r) < p) {
            depression = 1 - (1 - depression)*exp(-(t - last)/100 (ms))
            A = A + weight*factor*depression
            B = B + weight*factor*depression
            last = t
        }
    } else if (flag == 1) {
        WATCH (v > threshold) 2, (v < threshold - 10 (mV)) 3
    } else if (flag == 2 && !(open == 1)) {
        open = 1
        net_event(t)
        FOR_NETCONS (w, d, l) {
            d = 1
        }
    } else {
        open = 0
    }
}
