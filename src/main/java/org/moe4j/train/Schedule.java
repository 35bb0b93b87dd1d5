package org.moe4j.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.moe4j.io.InputException;

/**
 * How the learning rate moves: a factor of its peak for each step. All begin with a linear warm-up, in which step s (from 0)
 * of W has the factor (s + 1) / W; a warm-up that is null or 0 is none.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(name = "constant", value = Schedule.Constant.class),
    @JsonSubTypes.Type(name = "cosine", value = Schedule.Cosine.class),
    @JsonSubTypes.Type(name = "inverse-sqrt", value = Schedule.InverseSqrt.class),
    @JsonSubTypes.Type(name = "held", value = Schedule.Held.class)
})
public sealed interface Schedule {
    /** W, the steps of the warm-up. */
    Integer warmup();

    /** The factor after the warm-up. */
    double afterWarmup(long step, long steps);

    /**
     * @param step from 0
     * @param steps of the whole run
     */
    default double factor(long step, long steps) {
        return step < warmup() ? (step + 1.0) / warmup() : afterWarmup(step, steps);
    }

    /** The same course over {@code factor} times as many steps. */
    Schedule scaled(double factor);

    private static int scaled(int steps, double factor) {
        return (int) Math.min(Integer.MAX_VALUE, Math.round(steps * factor));
    }

    private static int checked(Integer warmup) {
        if (warmup != null && warmup < 0) {
            throw new InputException("warmup is " + warmup + ", want 0 steps or more");
        }
        return warmup == null ? 0 : warmup;
    }

    /** The peak throughout. */
    record Constant(Integer warmup) implements Schedule {
        public Constant {
            warmup = checked(warmup);
        }

        @Override
        public double afterWarmup(long step, long steps) {
            return 1;
        }

        @Override
        public Constant scaled(double factor) {
            return new Constant(Schedule.scaled(warmup, factor));
        }
    }

    /**
     * Half a cosine from the peak down to {@code floor} of it at the end of the run (Loshchilov and Hutter 2017, equation 5,
     * without restarts).
     *
     * @param floor 0.1 by default
     */
    record Cosine(Integer warmup, Double floor) implements Schedule {
        public Cosine {
            warmup = checked(warmup);
            floor = OptimizerSpec.within("floor", floor, 0.1, 0, Math.nextUp(1.0));
        }

        @Override
        public double afterWarmup(long step, long steps) {
            double done = Math.min(1, (step - warmup()) / (double) Math.max(1, steps - warmup()));
            return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done));
        }

        @Override
        public Cosine scaled(double factor) {
            return new Cosine(Schedule.scaled(warmup, factor), floor);
        }
    }

    /**
     * sqrt(W / (s + 1)): the schedule of Vaswani et al. 2017, equation 3, whose peak is D^-0.5 W^-0.5. Without a warm-up it
     * falls from the first step.
     */
    record InverseSqrt(Integer warmup) implements Schedule {
        public InverseSqrt {
            warmup = checked(warmup);
        }

        @Override
        public double afterWarmup(long step, long steps) {
            return Math.sqrt(Math.max(1, warmup()) / (step + 1.0));
        }

        @Override
        public InverseSqrt scaled(double factor) {
            return new InverseSqrt(Schedule.scaled(warmup, factor));
        }
    }

    /**
     * The peak for H steps, then sqrt(H / (s + 1)): what Adafactor is used with (Du et al. 2022: 0.01 for 10,000 steps).
     *
     * @param hold H, 1 or more
     */
    record Held(Integer warmup, int hold) implements Schedule {
        public Held {
            warmup = checked(warmup);
            if (hold < 1) {
                throw new InputException("hold is " + hold + ", want 1 step or more");
            }
        }

        @Override
        public double afterWarmup(long step, long steps) {
            return Math.sqrt(hold / (double) Math.max(hold, step + 1));
        }

        @Override
        public Held scaled(double factor) {
            return new Held(Schedule.scaled(warmup, factor), Math.max(1, Schedule.scaled(hold, factor)));
        }
    }
}
