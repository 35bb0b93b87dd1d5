package org.moe4j.report;

import java.util.Locale;
import org.moe4j.analysis.Estimate;

/** Numbers as people read them; one that is not known is a dash. */
public final class Figures {
    public static final String UNKNOWN = "–";

    private Figures() {}

    /** A fixed number of digits behind the point. */
    public static String fixed(double value, int digits) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + digits + "f", value) : UNKNOWN;
    }

    /** Three digits and a unit: 950, 12.3 k, 1.21 M, 4.00 G. */
    public static String count(double value) {
        if (!Double.isFinite(value)) return UNKNOWN;
        if (value < 1000) return fixed(value, 0);
        String[] units = {"k", "M", "G", "T", "P"};
        int unit = -1;
        double scaled = value;
        while (scaled >= 999.5 && unit < units.length - 1) {
            scaled /= 1000;
            unit++;
        }
        return fixed(scaled, scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0) + " " + units[unit];
    }

    /** Three digits and a power of ten, as FLOPs are given: 2.00e12. */
    public static String power(double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%.2e", value).replace("e+", "e") : UNKNOWN;
    }

    /** A share of 1; a digit more close to 0 and 1. */
    public static String percent(double share) {
        if (!Double.isFinite(share)) return UNKNOWN;
        double percent = 100 * share;
        return fixed(percent, percent > 99 && percent < 100 || percent > 0 && percent < 1 ? 1 : 0) + " %";
    }

    /** A whole granularity as such, one between with a digit. */
    static String granularity(double g) {
        return Math.abs(g - Math.rint(g)) < 0.05 || g >= 20 ? fixed(g, 0) : fixed(g, 1);
    }

    /** A mean and its standard error, if there is one. */
    public static String estimate(Estimate value, int digits) {
        return fixed(value.mean(), digits) + (value.n() < 2 ? "" : " ± " + fixed(value.standardError(), digits));
    }
}
