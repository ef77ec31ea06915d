TITLE Events that set the potential of their segment

NEURON {
    POINT_PROCESS Jumper
    RANGE reached, reset
}

UNITS { (mV) = (millivolt) }

PARAMETER { reset = -70 (mV) }

ASSIGNED {
    v (mV)
    reached (mV)
}

NET_RECEIVE (weight (mV)) {
    if (flag == 0) {
        v = v + weight
        reached = v
        net_send(1, 1)
    } else {
        state_discontinuity(v, reset)
    }
}
