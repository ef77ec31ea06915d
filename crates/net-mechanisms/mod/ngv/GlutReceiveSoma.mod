TITLE Counter of glutamate that an astrocyte takes up, for its soma

COMMENT
Every event, a release at a synapse that the astrocyte enwraps, adds 1 to glut, which is 0 again when none has
come for more than 1 ms.

Names are those of the point process of this name that neuro-glial-vascular circuits of the Blue Brain and
Open Brain projects use.
ENDCOMMENT

NEURON {
    POINT_PROCESS GlutReceiveSoma
    RANGE glut
}

UNITS { (ms) = (millisecond) }

PARAMETER { glut = 0 <0, 1e9> }

ASSIGNED { latest (ms) }

INITIAL {
    glut = 0
    latest = -1000
}

BREAKPOINT {
    if (t > latest + 1) { glut = 0 }
}

NET_RECEIVE (weight) {
    glut = glut + 1
    latest = t
}
