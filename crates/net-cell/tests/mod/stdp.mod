: Pairs of spikes change the weights of all connections when the cell's own threshold is passed.
NEURON {
    POINT_PROCESS PairSTDP
    RANGE tau, e, i, g, dplus, dminus, tauplus, tauminus, vth, tpost, total
    NONSPECIFIC_CURRENT i
}
PARAMETER {
    tau = 2 (ms) <1e-9, 1e9>
    e = 0 (mV)
    dplus = 0.1
    dminus = 0.105
    tauplus = 20 (ms)
    tauminus = 20 (ms)
    vth = -20 (mV)
}
ASSIGNED { v (mV) i (nA) tpost (ms) total (uS) }
STATE { g (uS) }
INITIAL {
    g = 0
    tpost = -1e9
    total = 0
    net_send(0, 1)
}
BREAKPOINT {
    SOLVE decay METHOD cnexp
    i = g*(v - e)
}
DERIVATIVE decay { g' = -g/tau }
NET_RECEIVE (w (uS), A, tpre (ms)) {
    INITIAL {
        A = 0
        tpre = -1e9
    }
    if (flag == 0) {
        g = g + w + A
        total = total + w + A
        tpre = t
        A = A*(1 - dminus*exp((tpost - t)/tauminus))
    } else if (flag == 2) {
        tpost = t
        FOR_NETCONS (w1, A1, tp) {
            A1 = A1 + (w1 - A1)*dplus*exp((tp - t)/tauplus)
        }
    } else {
        WATCH (v > vth) 2
    }
}
