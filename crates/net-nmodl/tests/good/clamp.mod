TITLE Every other construct of the language once
? lines of comment begin like this, too

INDEPENDENT { t FROM 0 TO 1 WITH 1 (ms) }

NEURON {
    POINT_PROCESS EveryThing
    ELECTRODE_CURRENT i
    POINTER vgap
    RANGE rs, i, x, y, s
    GLOBAL gain
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (megohm) = (megohm)
    per_s = (1/ms) -> (1/sec)
}

CONSTANT { offset = -65 (mV) }

PARAMETER {
    rs = 1 (megohm) <1e-9, 1e9>
    gain = 2
}

ASSIGNED {
    v (mV)
    vgap (mV)
    i (nA)
    on
    slow
    drive
}

STATE {
    x FROM 0 TO 10 START 0.5
    y
    s
}

CONSTRUCTOR { on = 1 }

INITIAL {
    SOLVE pair
    SOLVE curve
    s = tauslow(v, 1)
}

BEFORE BREAKPOINT { drive = slow*per_s }

AFTER SOLVE {
    slow = gain
}

BREAKPOINT {
    SOLVE step
    at_time(10)
    if (on) {
        i = (vgap - v)/rs
    } ELSE IF (v > offset) {
        i = 0
    } else {
        i = drive*0
    }
    { LOCAL a
        a = s
        s = a % 3
    }
    printf("%g\n", i)
}

LINEAR pair {
    ~ x + 4*y = 5.3
    ~ x - y = 1
}

NONLINEAR curve {
    ~ s*s = 2
}

PROCEDURE step() {
    LOCAL k, w[3]
    k = 0
    MUTEXLOCK
    PROTECT slow = slow + 1
    MUTEXUNLOCK
    while (k < 3 || k == -1) {
        w[k] = k
        k = k + 1
    }
    FROM j = 0 TO 2 BY 2 {
        s = s + w[j]
    }
    state_discontinuity(y, y + 1)
}

FUNCTION_TABLE tauslow(v (mV), n) (ms)
