TITLE Sodium, potassium and leak conductances of the squid axon
COMMENT
Hodgkin and Huxley, J Physiol 117:500-544 (1952), with the resting potential at -65 mV.
ENDCOMMENT

NEURON {
    SUFFIX squid
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik REPRESENTS CHEBI:29103
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
    gnabar = .12 (S/cm2) <0, 1e9>
    gkbar = .036 (S/cm2) <0, 1e9>
    gl = 3e-4 (S/cm2) <0, 1e9>
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
    mtau (ms) htau (ms) ntau (ms)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ina = gnabar*m^3*h*(v - ena)
    ik = gkbar*n^4*(v - ek)
    il = gl*(v - el)
}

INITIAL {
    rates(v)
    m = minf
    h = hinf
    n = ninf
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
    n' = (ninf - n)/ntau
}

PROCEDURE rates(v (mV)) { ? rates at v and celsius
    LOCAL alpha, beta, q10
    TABLE minf, mtau, hinf, htau, ninf, ntau DEPEND celsius FROM -100 TO 100 WITH 200
UNITSOFF
    q10 = 3^((celsius - 6.3)/10)
    alpha = .1*trap(-(v + 40), 10)
    beta = 4*exp(-(v + 65)/18)
    mtau = 1/(q10*(alpha + beta))
    minf = alpha/(alpha + beta)
    alpha = .07*exp(-(v + 65)/20)
    beta = 1/(exp(-(v + 35)/10) + 1)
    htau = 1/(q10*(alpha + beta))
    hinf = alpha/(alpha + beta)
    alpha = .01*trap(-(v + 55), 10)
    beta = .125*exp(-(v + 65)/80)
    ntau = 1/(q10*(alpha + beta))
    ninf = alpha/(alpha + beta)
}

FUNCTION trap(x, y) {
    if (fabs(x/y) < 1e-6) {
        trap = y*(1 - x/y/2)
    } else {
        trap = x/(exp(x/y) - 1)
    }
}
UNITSON
