: Integrates with exact decay, fires above 1, then is refractory: IntFire1 by another hand.
NEURON {
    ARTIFICIAL_CELL Leaky
    RANGE tau, refrac, m
}
PARAMETER {
    tau = 10 (ms) <1e-9, 1e9>
    refrac = 5 (ms) <0, 1e9>
}
ASSIGNED {
    m
    last (ms)
    refractory
}
INITIAL {
    m = 0
    last = t
    refractory = 0
}
FUNCTION M() {
    if (refractory == 0) {
        M = m*exp(-(t - last)/tau)
    } else if (refractory == 1) {
        M = 2
    }
}
NET_RECEIVE (w) {
    if (refractory == 0) {
        m = m*exp(-(t - last)/tau)
        last = t
        m = m + w
        if (m > 1) {
            refractory = 1
            m = 2
            net_send(refrac, refractory)
            net_event(t)
        }
    } else if (flag == 1) {
        last = t
        refractory = 0
        m = 0
    }
}
