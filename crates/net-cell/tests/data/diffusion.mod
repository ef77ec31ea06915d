: A concentration and two kinds of particles that diffuse along the cable and are exchanged.
NEURON {
    SUFFIX cadiff
    USEION ca READ cai WRITE cai
    RANGE start, D, k
}
UNITS {
    (mM) = (milli/liter)
    (um) = (micron)
    PI = (pi) (1)
}
PARAMETER {
    start = 1e-4 (mM)
    D = 0.6 (um2/ms)
    k = 0.01 (/ms)
}
ASSIGNED { diam (um) }
STATE {
    cai (mM)
    b[2] (mM)
}
INITIAL {
    cai = start
    b[0] = 2*start
    b[1] = 1e-3 - start
}
BREAKPOINT { SOLVE scheme METHOD sparse }
KINETIC scheme {
    COMPARTMENT PI*diam*diam/4 {cai}
    COMPARTMENT i, (1 + i)*diam*diam {b}
    LONGITUDINAL_DIFFUSION D*PI*diam*diam/4 {cai}
    LONGITUDINAL_DIFFUSION i, 0.5*D*(2 - i)*diam*diam {b}
    ~ cai <-> b[0] (k*diam*diam, k*diam*diam)
    ~ b[0] <-> b[1] (k*diam*diam, 2*k*diam*diam)
}
