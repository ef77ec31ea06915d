TITLE Leaky integrate-and-fire cell driven by events
COMMENT
m decays to 0 with time constant tau; an event adds its weight to it. When m exceeds 1 the cell fires,
and is refractory for a time: events are lost, and m is 2 until it begins again at 0. m is brought up
to date at events; M() is its value at any time.

Hines and Carnevale, Neurocomputing 58-60 (2004) 1117.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL IntFire1
    RANGE tau, refrac, m
}

UNITS {
    (ms) = (millisecond)
}

PARAMETER {
    tau = 10 (ms) <1e-9, 1e9>
    refrac = 5 (ms) <0, 1e9>
}

ASSIGNED {
    m
    updated (ms)
    refractory
}

INITIAL {
    m = 0
    updated = t
    refractory = 0
}

FUNCTION M() {
    if (refractory == 0) {
        M = m * exp(-(t - updated) / tau)
    } else {
        M = 2
    }
}

NET_RECEIVE (w) {
    if (refractory == 0) {
        m = M() + w
        updated = t
        if (m > 1) {
            refractory = 1
            m = 2
            net_send(refrac, 1)
            net_event(t)
        }
    } else if (flag == 1) {
        refractory = 0
        m = 0
        updated = t
    }
}
