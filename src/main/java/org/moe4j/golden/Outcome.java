package org.moe4j.golden;

import java.util.Locale;

/** What became of a case. */
public enum Outcome {
    /** Everything that the case states agrees. */
    PASSED,
    /** Something differs, or could not be computed. */
    FAILED,
    /** The project has nothing that computes it, or must not match it. */
    NOT_COVERED;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
