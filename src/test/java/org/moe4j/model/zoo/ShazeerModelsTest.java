package org.moe4j.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.experts.HierarchicalRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.nn.Init;

class ShazeerModelsTest {
    /** Every cell of tables 7 and 8, and what the paper's dimensions give to two digits: millions of multiply-adds and of parameters. */
    @ParameterizedTest
    @CsvSource({
        "lstm-512-512, 2.4, 2.36, 2.4, 2.36",
        "lstm-1024-512, 4.7, 4.72, 4.7, 4.72",
        "lstm-2048-512, 9.4, 9.44, 9.4, 9.44",
        "4xlstm-512, 8.4, 8.39, 8.4, 8.39",
        "moe-1-wide, 8.4, 8.39, 8.4, 8.39",
        "moe-1-deep, 8.4, 8.39, 8.4, 8.39",
        "4, 8.4, 8.39, 8.4, 8.39",
        "32, 8.4, 8.42, 37.8, 37.78",
        "256, 8.6, 8.65, 272.9, 272.89",
        "256-h, 8.4, 8.44, 272.9, 272.91",
        "1024-h, 8.5, 8.54, 1079.0, 1079.00",
        "4096-h, 8.9, 8.93, 4303.4, 4303.37",
        "2xlstm-8192-1024, 151.0, 150.99, 151.0, 150.99",
        "34m, 33.8, 33.85, 4313.9, 4313.87",
        "143m, 142.7, 142.71, 4371.1, 4371.02",
        "100b-4xlstm-512, 8.4, 8.39, 8.4, 8.39",
        "100b-32, 8.4, 8.42, 37.8, 37.78",
        "100b-256-h, 8.4, 8.44, 272.9, 272.92",
        "100b-1024-h, 8.5, 8.49, 1079.0, 1079.02",
        "100b-4096-h, 8.6, 8.59, 4303.4, 4303.42",
        "100b-16384-h, 8.8, 8.78, 17201.0, 17200.97",
        "100b-65536-h, 9.2, 9.18, 68791.0, 68791.04",
        "100b-131072-h, 9.7, 9.70, 137577.6, 137577.63"})
    void everyCellOfTables7And8(String name, double printedOperations, String operations, double printedParameters, String parameters) {
        Architecture a = Architecture.named("moe2017-" + name);
        double multiplyAdds = sum(a.spec(), Part::flops) / 2e6;
        double millions = sum(a.spec(), Part::parameters) / 1e6;
        assertThat(String.format(Locale.ROOT, "%.2f", multiplyAdds)).isEqualTo(operations);
        assertThat(String.format(Locale.ROOT, "%.2f", millions)).isEqualTo(parameters);
        assertThat(multiplyAdds).isCloseTo(printedOperations, within(0.06));
        assertThat(millions).isCloseTo(printedParameters, within(0.1));
        assertThat(a.published().get(0).value()).isCloseTo(printedOperations * 1e6, within(1.0));
        assertThat(a.published().get(1).value()).isCloseTo(printedParameters * 1e6, within(1.0));
    }

    /** Of one word, without embedding and softmax. */
    private static long sum(ModelSpec spec, ToLongFunction<Part> what) {
        return spec.parts(1, 1).stream().filter(p -> !Part.Kind.EMBEDDINGS.contains(p.kind())).mapToLong(what).sum();
    }

    static List<Architecture> all() {
        return ShazeerModels.all();
    }

    @ParameterizedTest
    @MethodSource("all")
    void whatIsPrintedAgreesButWhereItIsSaid(Architecture a) {
        for (Published p : a.published()) {
            ToLongFunction<Part> what = p.quantity() == Published.Quantity.PARAMETERS ? Part::parameters : Part::flops;
            long counted = a.spec().parts(1, 1).stream().filter(part -> p.counted().contains(part.kind())).mapToLong(what).sum();
            double calculated = p.quantity() == Published.Quantity.PARAMETERS ? counted : counted / 2.0;
            assertThat(p.agrees(calculated)).as("%s prints %s, its dimensions give %s", a.name(), p.printed(), calculated).isEqualTo(p.exception().isEmpty());
        }
    }

    /** Built for its shapes on the back end that allocates nothing. */
    @ParameterizedTest
    @MethodSource("all")
    void theLedgerCountsTheModel(Architecture a) {
        long built = a.spec().build(new Init(new DryBackend(), 1)).parameters().stream().mapToLong((Parameter p) -> p.shape().size()).sum();
        assertThat(a.spec().parts(1, 1).stream().mapToLong(Part::parameters).sum()).isEqualTo(built);
    }

    @Test
    void alwaysFourExpertsForAToken() {
        for (Architecture a : ShazeerModels.all()) {
            a.spec().feedForwards().stream().filter(MixtureOfExperts.Spec.class::isInstance).map(MixtureOfExperts.Spec.class::cast).forEach(layer -> {
                assertThat(layer.router().perToken()).isEqualTo(4);
                assertThat(layer.router() instanceof HierarchicalRouter.Spec).isEqualTo(a.name().endsWith("-h") || a.name().endsWith("m") && !a.name().contains("lstm"));
            });
        }
    }
}
