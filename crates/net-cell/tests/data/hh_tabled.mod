: The squid's channels with their rates in NEURON's tables.
NEURON {
    SUFFIX hh_tabled
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el
    GLOBAL minf, hinf, ninf, mtau, htau, ntau, shift
}
PARAMETER {
    gnabar = 0.12 (S/cm2)
    gkbar = 0.036 (S/cm2)
    gl = 0.0003 (S/cm2)
    el = -54.3 (mV)
    shift = 0 (mV)
}
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
STATE { m h n }
INITIAL {
    rates(v)
    m = minf
    h = hinf
    n = ninf
}
BREAKPOINT {
    SOLVE gates METHOD cnexp
    ina = gnabar*m^3*h*(v - ena)
    ik = gkbar*n^4*(v - ek)
    il = gl*(v - el)
}
DERIVATIVE gates {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
    n' = (ninf - n)/ntau
}
PROCEDURE rates(u (mV)) {
    LOCAL a, b, q10, w
    TABLE minf, mtau, hinf, htau, ninf, ntau DEPEND celsius, shift FROM -100 TO 100 WITH 200
    q10 = 3^((celsius - 6.3)/10)
    w = u - shift
    a = exprelr(-(w + 40)/10)
    b = 4*exp(-(w + 65)/18)
    minf = a/(a + b)
    mtau = 1/(q10*(a + b))
    a = 0.07*exp(-(w + 65)/20)
    b = 1/(exp(-(w + 35)/10) + 1)
    hinf = a/(a + b)
    htau = 1/(q10*(a + b))
    a = 0.1*exprelr(-(w + 55)/10)
    b = 0.125*exp(-(w + 65)/80)
    ninf = a/(a + b)
    ntau = 1/(q10*(a + b))
}
