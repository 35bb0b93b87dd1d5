package org.moe4j.model.zoo;

import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.moe4j.model.Part;

/**
 * A count as its authors print it.
 *
 * @param printed such as "46.7B"; its digits say how exact it is
 * @param counted the parts that the authors count
 * @param exception why it is not what the dimensions give, where that is known; empty if it is
 */
public record Published(Quantity quantity, String printed, Set<Part.Kind> counted, Mark mark, String exception) {
    private static final Pattern PRINTED = Pattern.compile("(\\d+)(?:\\.(\\d+))?([KMBT]?)");

    /** What is counted. */
    public enum Quantity {
        /** All parameters. */
        PARAMETERS,
        /** Those that one token uses. */
        ACTIVE,
        /** Multiply-adds of one token, forward: half the FLOPs. */
        MULTIPLY_ADDS
    }

    public Published {
        counted = Set.copyOf(counted);
        if (!PRINTED.matcher(printed).matches()) {
            throw new IllegalArgumentException("'" + printed + "' is no count such as 46.7B");
        }
    }

    /** Everything counted. */
    public static Published of(Quantity quantity, String printed, Mark mark) {
        return new Published(quantity, printed, Part.Kind.ALL, mark, "");
    }

    /** Counted without these parts. */
    public Published without(Set<Part.Kind> kinds) {
        EnumSet<Part.Kind> left = EnumSet.copyOf(counted);
        left.removeAll(kinds);
        return new Published(quantity, printed, left, mark, exception);
    }

    /** Known not to be what the dimensions give. */
    public Published except(String reason) {
        return new Published(quantity, printed, counted, mark, reason);
    }

    public double value() {
        Matcher m = match();
        return Double.parseDouble(m.group(1) + "." + (m.group(2) == null ? "0" : m.group(2))) * unit(m);
    }

    /** Half a unit of the last printed digit. */
    public double rounding() {
        Matcher m = match();
        return 0.5 * Math.pow(10, m.group(2) == null ? 0 : -m.group(2).length()) * unit(m);
    }

    /** Whether a calculated count rounds to the printed one. */
    public boolean agrees(double calculated) {
        return Math.abs(calculated - value()) <= rounding();
    }

    private Matcher match() {
        Matcher m = PRINTED.matcher(printed);
        m.matches();
        return m;
    }

    private static double unit(Matcher m) {
        return switch (m.group(3)) {
            case "K" -> 1e3;
            case "M" -> 1e6;
            case "B" -> 1e9;
            case "T" -> 1e12;
            default -> 1;
        };
    }
}
