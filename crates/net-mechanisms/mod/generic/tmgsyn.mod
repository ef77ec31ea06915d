TITLE Synapse with short-term depression and facilitation

COMMENT
Resources are recovered (x), active (y) or inactive (z), x + y + z = 1. Between spikes y' = -y/tau_1 and
z' = y/tau_1 - z/tau_rec; at a spike the fraction u of x becomes active and adds weight times u x to the
conductance g, which decays with tau_1. The utilization u is raised by U (1 - u) at a spike and decays with
tau_facil; it is U where tau_facil is 0. x, y, z and u are those of a connection, which starts with u0 and
everything recovered. i = g (v - e).

Tsodyks, Uziel and Markram, J. Neurosci. 20 (2000) RC50. Names and defaults are those of the point process of
this name that accompanies it in ModelDB (3815).
ENDCOMMENT

NEURON {
    POINT_PROCESS tmgsyn
    NONSPECIFIC_CURRENT i
    RANGE e, i, tau_1, tau_rec, tau_facil, U, u0
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    e = -90 (mV)
    tau_1 = 3 (ms) <1e-9, 1e9>
    tau_rec = 100 (ms) <1e-9, 1e9>
    tau_facil = 1000 (ms) <0, 1e9>
    U = 0.04 <0, 1>
    u0 = 0 <0, 1>
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE { g (uS) }

INITIAL { g = 0 }

BREAKPOINT {
    SOLVE decay METHOD cnexp
    i = g*(v - e)
}

DERIVATIVE decay { g' = -g/tau_1 }

NET_RECEIVE (weight (uS), y, z, u, tsyn (ms)) {
    LOCAL active, recovering, used
    INITIAL {
        y = 0
        z = 0
        u = u0
        tsyn = t
    }
    active = exp(-(t - tsyn)/tau_1)
    recovering = exp(-(t - tsyn)/tau_rec)
    z = z*recovering + y*tau_rec*(active - recovering)/(tau_1 - tau_rec)
    y = y*active
    if (tau_facil > 0) {
        u = u*exp(-(t - tsyn)/tau_facil)
        u = u + U*(1 - u)
    } else {
        u = U
    }
    used = (1 - y - z)*u
    y = y + used
    g = g + weight*used
    tsyn = t
}
