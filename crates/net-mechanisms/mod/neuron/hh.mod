TITLE Sodium and potassium channels and leak of the squid axon

COMMENT
Hodgkin and Huxley, J. Physiol. 117 (1952) 500, equations 12, 13, 20, 21, 23 and 24, with potentials shifted to
a rest at -65 mV:

    alpha_m = 0.1 (v + 40)/(1 - exp(-(v + 40)/10))     beta_m = 4 exp(-(v + 65)/18)
    alpha_h = 0.07 exp(-(v + 65)/20)                   beta_h = 1/(exp(-(v + 35)/10) + 1)
    alpha_n = 0.01 (v + 55)/(1 - exp(-(v + 55)/10))    beta_n = 0.125 exp(-(v + 65)/80)

per ms at 6.3 degrees, times 3 for every 10 degrees more; i = gnabar m^3 h (v - ena) + gkbar n^4 (v - ek)
+ gl (v - el). Names, defaults and the table of rates, for runs with tables, are those of the mechanism of this
name in NEURON.
ENDCOMMENT

NEURON {
    SUFFIX hh
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el, gna, gk
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gnabar = 0.12 (S/cm2) <0, 1e9>
    gkbar = 0.036 (S/cm2) <0, 1e9>
    gl = 0.0003 (S/cm2) <0, 1e9>
    el = -54.3 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ek (mV)
    ina (mA/cm2)
    ik (mA/cm2)
    il (mA/cm2)
    gna (S/cm2)
    gk (S/cm2)
    minf
    hinf
    ninf
    mtau (ms)
    htau (ms)
    ntau (ms)
}

STATE { m h n }

INITIAL {
    rates(v)
    m = minf
    h = hinf
    n = ninf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    gna = gnabar*m^3*h
    gk = gkbar*n^4
    ina = gna*(v - ena)
    ik = gk*(v - ek)
    il = gl*(v - el)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
    n' = (ninf - n)/ntau
}

PROCEDURE rates(v (mV)) {
    LOCAL alpha, beta, q10
    TABLE minf, mtau, hinf, htau, ninf, ntau DEPEND celsius FROM -100 TO 100 WITH 200
    q10 = 3^((celsius - 6.3)/10)
    alpha = exprelr(-(v + 40)/10)
    beta = 4*exp(-(v + 65)/18)
    minf = alpha/(alpha + beta)
    mtau = 1/(q10*(alpha + beta))
    alpha = 0.07*exp(-(v + 65)/20)
    beta = 1/(exp(-(v + 35)/10) + 1)
    hinf = alpha/(alpha + beta)
    htau = 1/(q10*(alpha + beta))
    alpha = 0.1*exprelr(-(v + 55)/10)
    beta = 0.125*exp(-(v + 65)/80)
    ninf = alpha/(alpha + beta)
    ntau = 1/(q10*(alpha + beta))
}
