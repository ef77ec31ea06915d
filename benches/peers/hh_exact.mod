COMMENT
The channels of Hodgkin and Huxley (1952), with rates computed at every step instead of interpolated from tables.
The removable singularities of the rates are lifted by their series.
ENDCOMMENT

NEURON {
    SUFFIX hh_exact
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gnabar = 0.12 (S/cm2)
    gkbar = 0.036 (S/cm2)
    gl = 0.0003 (S/cm2)
    el = -54.3 (mV)
}

STATE { m h n }

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ek (mV)
    ina (mA/cm2)
    ik (mA/cm2)
    il (mA/cm2)
    minf hinf ninf
    mtau (ms)
    htau (ms)
    ntau (ms)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ina = gnabar * m * m * m * h * (v - ena)
    ik = gkbar * n * n * n * n * (v - ek)
    il = gl * (v - el)
}

INITIAL {
    rates(v)
    m = minf
    h = hinf
    n = ninf
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m) / mtau
    h' = (hinf - h) / htau
    n' = (ninf - n) / ntau
}

PROCEDURE rates(v (mV)) {
    LOCAL q10, alpha, beta, x
    UNITSOFF
    q10 = 3^((celsius - 6.3) / 10)
    x = (v + 40) / 10
    alpha = ratio(x)
    beta = 4 * exp(-(v + 65) / 18)
    mtau = 1 / (q10 * (alpha + beta))
    minf = alpha / (alpha + beta)
    alpha = 0.07 * exp(-(v + 65) / 20)
    beta = 1 / (exp(-(v + 35) / 10) + 1)
    htau = 1 / (q10 * (alpha + beta))
    hinf = alpha / (alpha + beta)
    x = (v + 55) / 10
    alpha = 0.1 * ratio(x)
    beta = 0.125 * exp(-(v + 65) / 80)
    ntau = 1 / (q10 * (alpha + beta))
    ninf = alpha / (alpha + beta)
    UNITSON
}

FUNCTION ratio(x) {
    : x / (1 - exp(-x)), and its series where that is 0/0
    if (fabs(x) < 1e-6) {
        ratio = 1 + x / 2
    } else {
        ratio = x / (1 - exp(-x))
    }
}
