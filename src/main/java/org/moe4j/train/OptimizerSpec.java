package org.moe4j.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.SequencedMap;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Shape;

/**
 * An optimizer as a value; implemented by a record {@code Spec} inside the optimizer's file. A component given as null takes
 * the paper's value, so that a spec file need only say what differs.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(name = "adam", value = Adam.Spec.class),
    @JsonSubTypes.Type(name = "adamw", value = AdamW.Spec.class),
    @JsonSubTypes.Type(name = "sgd", value = Sgd.Spec.class),
    @JsonSubTypes.Type(name = "adagrad", value = Adagrad.Spec.class),
    @JsonSubTypes.Type(name = "rmsprop", value = RmsProp.Spec.class),
    @JsonSubTypes.Type(name = "adafactor", value = Adafactor.Spec.class)
})
public sealed interface OptimizerSpec permits Adam.Spec, AdamW.Spec, Sgd.Spec, Adagrad.Spec, RmsProp.Spec, Adafactor.Spec {
    /** An optimizer of these parameters, buffers left out, with its state allocated and zero. */
    Optimizer build(Backend on, List<Parameter> parameters);

    /** What is kept for a parameter of this shape between steps: the state's names and their shapes, in a fixed order. */
    SequencedMap<String, Shape> state(Shape parameter);

    /** Bytes of what is kept for a parameter: what is by value of a bfloat16 table is bfloat16 as well. */
    default long stateBytes(Parameter parameter, Backend on) {
        return state(parameter.shape()).values().stream()
            .mapToLong(kept -> kept.size() * (kept.equals(parameter.shape()) ? on.bytesPerValue(parameter.data().type()) : on.bytesPerValue())).sum();
    }

    /** @return the value, or what stands for null, once it is found to lie in [low, high) */
    static double within(String field, Double value, double otherwise, double low, double high) {
        double x = value == null ? otherwise : value;
        if (!(x >= low && x < high)) {
            throw new InputException(field + " is " + x + ", want " + (high == Double.POSITIVE_INFINITY
                ? "a finite number of at least " + plain(low) : "at least " + plain(low) + " and below " + plain(high)));
        }
        return x;
    }

    private static String plain(double x) {
        return x == Math.rint(x) ? Long.toString((long) x) : Double.toString(x);
    }
}
