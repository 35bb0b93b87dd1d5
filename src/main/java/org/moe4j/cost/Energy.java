package org.moe4j.cost;

import org.moe4j.io.InputException;

/**
 * Electricity of a training run: chips x watts x PUE x hours.
 *
 * @param chipHours hours of all chips together
 * @param watts     of one chip
 * @param pue       power usage effectiveness: what the data centre takes over what its machines do
 */
public record Energy(double chipHours, double watts, double pue) {
    /** Of the data centre that GLaM was trained in. */
    public static final double GLAM_PUE = 1.11;

    public Energy {
        if (!(chipHours >= 0)) {
            throw new InputException("chip hours are " + chipHours + ", they have to be at least 0");
        }
        if (!(watts > 0)) {
            throw new InputException("watts are " + watts + ", they have to be above 0");
        }
        if (!(pue >= 1)) {
            throw new InputException("pue is " + pue + ", it has to be at least 1, which is a data centre without losses");
        }
    }

    /** Of chips that ran for some hours. */
    public static Energy of(int chips, double watts, double pue, double hours) {
        return new Energy(chips * hours, watts, pue);
    }

    /**
     * Of so many FLOPs on a chip.
     *
     * @param utilisation share of the chip's peak that training reaches, above 0 and up to 1
     */
    public static Energy of(double flops, Chip chip, double utilisation, double pue) {
        if (!(utilisation > 0 && utilisation <= 1)) {
            throw new InputException("utilisation is " + utilisation + ", it has to be above 0 and at most 1");
        }
        return new Energy(flops / (chip.peakFlops() * utilisation) / 3600, chip.watts(), pue);
    }

    public double megawattHours() {
        return chipHours * watts * pue / 1e6;
    }
}
