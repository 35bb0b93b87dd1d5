package org.moe4j.cost;

import java.util.List;

import org.moe4j.model.zoo.Architecture;
import org.moe4j.model.zoo.Published;

/**
 * A count that the authors of an architecture print, against the ledger's.
 *
 * @param calculated by the authors' convention of what to count
 */
public record PublishedCount(Architecture architecture, Published published, double calculated) {
    /** Papers round, cut off and count a little differently; a count further off than this wants a reason. */
    private static final double CLOSE = 0.015;

    /** How the two compare. */
    public enum Verdict {
        /** The calculated count rounds to the printed digits. */
        AS_PRINTED,
        /** Within 1.5 %. */
        CLOSE,
        /** Not the same, for a reason that is known. */
        EXCEPTION,
        /** Not the same: a mistake in the ledger until shown otherwise. */
        MISMATCH
    }

    /** Every count printed for an architecture. */
    public static List<PublishedCount> of(Architecture architecture) {
        Ledger ledger = Ledger.of(architecture.spec());
        return architecture.published().stream().map(published -> new PublishedCount(architecture, published, calculated(ledger, published))).toList();
    }

    private static double calculated(Ledger ledger, Published published) {
        Ledger counted = ledger.only(published.counted());
        return switch (published.quantity()) {
            case PARAMETERS -> counted.parameters();
            case ACTIVE -> counted.activeParameters();
            case MULTIPLY_ADDS -> counted.forwardFlopsPerToken() / 2;
        };
    }

    /** Calculated over published, less one. */
    public double difference() {
        return calculated / published.value() - 1;
    }

    public Verdict verdict() {
        if (published.agrees(calculated)) {
            return Verdict.AS_PRINTED;
        }
        if (!published.exception().isEmpty()) {
            return Verdict.EXCEPTION;
        }
        return Math.abs(difference()) <= CLOSE ? Verdict.CLOSE : Verdict.MISMATCH;
    }
}
