TITLE A channel of five states beside calcium that is pumped, buffered and diffuses

NEURON {
    SUFFIX scheme
    USEION ca READ cai, ica WRITE cai
    NONSPECIFIC_CURRENT i
    RANGE g, e, total
    GLOBAL vhalf, slope
}

DEFINE N 3

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
    PI = (pi) (1)
}

CONSTANT { volo = 1 (liter) }

PARAMETER {
    g = 0.001 (S/cm2)
    e = -70 (mV)
    total = 0.1 (mM)
    vhalf = -40 (mV)
    slope = 7 (mV)
    D = 0.2 (um2/ms)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    ica (mA/cm2)
    diam (um)
    celsius (degC)
    alpha (/ms)
    beta (/ms)
    scale[N]
}

STATE {
    cai (mM)
    free (mM)
    bound (mM)
    c[N]
    p
    q
}

LOCAL weight

INITIAL {
    FROM k = 0 TO N-1 { scale[k] = 1 + k }
    weight = 0.5
    cai = 1e-4
    SOLVE rest
    free = total
    c[0] = 1
    SOLVE gates STEADYSTATE sparse
}

BREAKPOINT {
    SOLVE gates METHOD sparse
    i = g*c[N-1]*(1 + weight*p)*(v - e)
}

KINETIC gates {
    rates(v)
    COMPARTMENT PI*diam*diam/4 {cai free bound}
    LONGITUDINAL_DIFFUSION D*PI*diam*diam/4 {cai free}
    ~ cai + free <-> bound (10, 0.1)
    ~ cai << (-ica*PI*diam/(2*FARADAY)*(1e4))
    ~ c[0] <-> c[1] (alpha, beta)
    ~ c[1] <-> c[2] (2*alpha, guarded(v, 3))
    CONSERVE c[0] + c[1] + c[2] = 1
}

LINEAR rest {
    ~ p + 2*q = 3
    ~ p - q = 0
}

PROCEDURE rates(u (mV)) {
    TABLE alpha, beta DEPEND celsius, vhalf, slope FROM -100 TO 100 WITH 200
    alpha = q10()/(1 + exp(-(u - vhalf)/slope))
    beta = q10()*exprelr((u - vhalf)/slope)
}

FUNCTION q10() { q10 = 3^((celsius - 22)/10) }

FUNCTION guarded(u (mV), n) {
    LOCAL half
    half = 1
    FROM k = 1 TO N { half = half*0.5 }
    if (fabs(u/10) < 1e-6) { guarded = n*half*10 } else { guarded = n*half*u/(exp(u/10) - 1) }
}
