package org.moe4j.golden;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import org.moe4j.train.Schedule;

/** The learning rate of a case's configuration: {@code lr}, {@code schedule} and {@code warmup}. */
record LearningRate(double peak, Schedule schedule, int steps) {
    private static final Pattern WARMUP_COSINE = Pattern.compile("(\\d+)-step linear warm-up then cosine to (\\d+)%");

    static LearningRate of(JsonNode settings, int steps) {
        double rate = settings.path("lr").asDouble(0);
        String text = settings.path("schedule").asText("constant");
        Matcher cosine = WARMUP_COSINE.matcher(text);
        if (cosine.matches()) {
            return new LearningRate(rate, new Schedule.Cosine(Integer.valueOf(cosine.group(1)), Integer.parseInt(cosine.group(2)) / 100.0), steps);
        }
        return switch (text) {
            case "constant", "null" -> new LearningRate(rate, new Schedule.Constant(0), steps);
            case "noam" -> {
                int warmup = settings.path("warmup").asInt(1);                    // stated without its peak, warmup^-0.5
                yield new LearningRate(rate / Math.sqrt(warmup), new Schedule.InverseSqrt(warmup), steps);
            }
            default -> throw Verdict.notCovered("there is no schedule '" + text + "'");
        };
    }

    /** The rate of a step, from 0. */
    double at(int step) {
        return peak * schedule.factor(step, steps);
    }
}
