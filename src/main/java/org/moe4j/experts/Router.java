package org.moe4j.experts;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;

/** Chooses experts for tokens. */
public abstract class Router extends Module {
    /** @param x (T,D) */
    public abstract Routing route(Tape t, Variable x, Pass pass);
}
