TITLE Synapse whose weights follow the times of spikes on both sides

COMMENT
A conductance that jumps by the weight of a connection and decays with tau; i = g (v - e). Pairs of a spike
of a connection and of the cell change the weight by

    aplus wmax exp(-D/tauplus)      where the cell fires D after the connection,
    -aminus wmax exp(-D/tauminus)   where it fired D before,

summed over all pairs, within 0 and wmax: the additive rule of Song, Miller and Abbott, Nat. Neurosci. 3
(2000) 919. The cell fires when v on the segment of the synapse passes vth. The sums are traces, one of a
connection (pre, at time tpre) and one of the synapse; a spike of a connection acts with the weight that
it has after depression.
ENDCOMMENT

NEURON {
    POINT_PROCESS ExpSynSTDP
    NONSPECIFIC_CURRENT i
    RANGE tau, e, i, wmax, aplus, aminus, tauplus, tauminus, vth, post, tpost
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    tau = 2 (ms) <1e-9, 1e9>
    e = 0 (mV)
    wmax = 0.001 (uS) <0, 1e9>
    aplus = 0.005
    aminus = 0.00525
    tauplus = 20 (ms) <1e-9, 1e9>
    tauminus = 20 (ms) <1e-9, 1e9>
    vth = -20 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    post
    tpost (ms)
}

STATE { g (uS) }

INITIAL {
    g = 0
    post = 0
    tpost = 0
    net_send(0, 1)
}

BREAKPOINT {
    SOLVE decay METHOD cnexp
    i = g*(v - e)
}

DERIVATIVE decay { g' = -g/tau }

FUNCTION bounded(w (uS)) (uS) {
    bounded = w
    if (w < 0) {
        bounded = 0
    }
    if (w > wmax) {
        bounded = wmax
    }
}

NET_RECEIVE (weight (uS), pre, tpre (ms)) {
    INITIAL {
        pre = 0
        tpre = 0
    }
    if (flag == 0) {
        weight = bounded(weight - aminus*wmax*post*exp(-(t - tpost)/tauminus))
        g = g + weight
        pre = pre*exp(-(t - tpre)/tauplus) + 1
        tpre = t
    } else if (flag == 2) {
        post = post*exp(-(t - tpost)/tauminus) + 1
        tpost = t
        FOR_NETCONS (w, trace, since) {
            w = bounded(w + aplus*wmax*trace*exp(-(t - since)/tauplus))
        }
    } else {
        WATCH (v > vth) 2
    }
}
