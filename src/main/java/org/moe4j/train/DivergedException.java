package org.moe4j.train;

/** A run that leads nowhere, in one sentence with what may help. */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DivergedException(String sentence) {
        super(sentence);
    }
}
