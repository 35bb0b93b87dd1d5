package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpecReaderTest {
    enum Budget { SMOKE, QUICK }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({@JsonSubTypes.Type(value = TopK.class, name = "top-k"), @JsonSubTypes.Type(value = Dense.class, name = "dense")})
    sealed interface Router permits TopK, Dense { }

    record TopK(int k, Double capacityFactor) implements Router { }

    record Dense() implements Router { }

    record Model(int width, double dropout, boolean tied, Router router) {
        Model {
            if (width % 8 != 0) throw new InputException("width " + width + " is not a multiple of 8");
        }
    }

    record Sweep(String name, Budget budget, long flops, List<Integer> granularity, Model model) { }

    private static final Sweep DEFAULTS = new Sweep("sweep", Budget.QUICK, 1_000_000_000_000_000L, List.of(1, 2, 4),
            new Model(64, 0.1, true, new TopK(2, null)));

    private final SpecReader reader = new SpecReader();

    @TempDir
    private Path folder;

    @Test
    void whatIsWrittenReadsBack() {
        String yaml = reader.toYaml(DEFAULTS);
        assertThat(yaml).contains("width: 64").contains("type: top-k").doesNotContain("null").doesNotContain("---");
        assertThat(reader.parse(yaml, Sweep.class)).isEqualTo(DEFAULTS);
        assertThat(reader.parse(reader.toJson(DEFAULTS), Sweep.class)).isEqualTo(DEFAULTS);
    }

    @Test
    void whatIsLeftOutComesFromTheDefaults() throws IOException {
        Path file = Files.writeString(folder.resolve("sweep.yaml"), "flops: 3e15\nmodel:\n  width: 128\ngranularity: [8]\nbudget: smoke\n");
        assertThat(reader.read(file, DEFAULTS)).isEqualTo(new Sweep("sweep", Budget.SMOKE, 3_000_000_000_000_000L, List.of(8),
                new Model(128, 0.1, true, new TopK(2, null))));
    }

    @Test
    void anotherTypeReplacesTheDefaultWhole() {
        assertThat(reader.parse("model: {router: {type: dense}}", DEFAULTS).model().router()).isEqualTo(new Dense());
        assertThat(reader.parse("model: {router: {type: top-k, capacityFactor: 1.5}}", DEFAULTS).model().router()).isEqualTo(new TopK(2, 1.5));
        assertThat(reader.parse("model: {router: {k: 3}}", DEFAULTS).model().router()).isEqualTo(new TopK(3, null));
    }

    @Test
    void wholeNumbersInEveryNotation() {
        for (String number : List.of("2e12", "2.0e+12", "2_000_000_000_000", "2000000000000", "2.0E12")) {
            assertThat(reader.parse("flops: " + number, DEFAULTS).flops()).as(number).isEqualTo(2_000_000_000_000L);
        }
        assertThat(reader.parse("model: {dropout: 1e-3}", DEFAULTS).model().dropout()).isEqualTo(1e-3);
        assertThat(reader.parse("model: {dropout: 0}", DEFAULTS).model().dropout()).isZero();
    }

    @Test
    void mistakesAreNamedWithTheirPlace() {
        refused("model:\n  widht: 3\n").hasMessage("spec, line 2: unknown field of model 'widht': did you mean 'width'? "
                + "known are width, dropout, tied, router");
        refused("flopps: 3").hasMessage("spec, line 1: unknown field 'flopps': did you mean 'flops'? known are name, budget, flops, granularity, model");
        refused("name: a\nmodel:\n  width: many").hasMessage("spec, line 3: model.width is 'many', want a whole number up to 2147483647");
        refused("model: {width: 3.5}").hasMessage("spec, line 1: model.width is '3.5', want a whole number up to 2147483647");
        refused("model: {width: 3000000000}").hasMessageContaining("model.width is '3000000000', want a whole number up to");
        refused("model: {dropout: high}").hasMessage("spec, line 1: model.dropout is 'high', want a number");
        refused("model: {tied: maybe}").hasMessage("spec, line 1: model.tied is 'maybe', want true or false");
        refused("granularity: [1, x]").hasMessage("spec, line 1: granularity[1] is 'x', want a whole number up to 2147483647");
        refused("granularity: {a: 1}").hasMessage("spec, line 1: granularity is not a list");
        refused("model: 3").hasMessage("spec, line 1: model is not a group of fields");
        refused("model: [3]").hasMessage("spec, line 1: model is not a group of fields");
        refused("name: [a]").hasMessage("spec, line 1: name is not a text");
        refused("budget: smok").hasMessage("spec, line 1: unknown value of budget 'smok': did you mean 'SMOKE'? known are SMOKE, QUICK");
        refused("name:").hasMessage("spec, line 1: name has no value");
        refused("name: a\nname: b").hasMessage("spec, line 2: field 'name' stands twice");
        refused("model:\n  router: {type: topk}").hasMessage(
                "spec, line 2: unknown type of model.router 'topk': did you mean 'top-k'? known are dense, top-k");
        refused("model:\n  router: {type: top-k, kk: 2}").hasMessageContaining("line 2: unknown field of model.router 'kk': did you mean 'k'?");
    }

    @Test
    void aRecordsOwnCheckIsToldItsPlace() {
        refused("model:\n  width: 30").hasMessage("spec, line 1: model: width 30 is not a multiple of 8");
    }

    @Test
    void missingFieldsAreNamed() {
        assertThatThrownBy(() -> reader.parse("k: 2\n", Model.class)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> reader.parse("width: 8\ndropout: 0\nrouter: {type: dense}", Model.class))
                .isInstanceOf(InputException.class).hasMessage("spec: missing field 'tied'");
        assertThatThrownBy(() -> reader.parse("width: 8\ndropout: 0\ntied: true\nrouter: {type: top-k}", Model.class))
                .isInstanceOf(InputException.class).hasMessage("spec, line 4: missing field 'k' of router");
        assertThatThrownBy(() -> reader.parse("width: 8\ndropout: 0\ntied: true\nrouter: {k: 3}", Model.class))
                .isInstanceOf(InputException.class).hasMessage("spec, line 4: missing field 'type' of router");
        assertThat(reader.parse("{type: top-k, k: 3}", TopK.class).capacityFactor()).isNull();
    }

    @Test
    void aMissingFieldThatStandsThereMisspeltIsNamedAsItStands() {
        assertThatThrownBy(() -> reader.parse("width: 8\ndropuot: 0\ntied: true\nrouter: {type: dense}", Model.class)).isInstanceOf(InputException.class)
                .hasMessage("spec, line 2: unknown field 'dropuot': did you mean 'dropout'? known are width, dropout, tied, router");
        assertThatThrownBy(() -> reader.parse("width: 8\ndropout: 0\ntied: true\nrouter:\n  type: top-k\n  kk: 3", Model.class))
                .isInstanceOf(InputException.class).hasMessageStartingWith("spec, line 6: unknown field of router 'kk': did you mean 'k'?");
        assertThatThrownBy(() -> reader.parse("width: 8\ndropout: 0\nrouter: {type: dense}", Model.class))
                .isInstanceOf(InputException.class).hasMessage("spec: missing field 'tied'");
    }

    @Test
    void whatIsNotASpecIsRefused() throws IOException {
        refused("").hasMessageContaining("found none");
        refused("just words").hasMessageContaining("found none");
        refused("a: [1, 2").hasMessageStartingWith("spec, line 1: not YAML (").message().doesNotContain("\n");
        refused("a: b: c").hasMessageStartingWith("spec, line 1: not YAML (");
        assertThatThrownBy(() -> reader.read(folder, DEFAULTS)).isInstanceOf(InputException.class).hasMessageContaining("it is a folder");
        Path missing = folder.resolve("none.yaml");
        assertThatThrownBy(() -> reader.read(missing, Sweep.class)).isInstanceOf(InputException.class)
                .hasMessage("cannot read " + missing + ": there is no such file or folder");
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xC3, 0x28});
        assertThatThrownBy(() -> reader.read(binary, Sweep.class)).isInstanceOf(InputException.class)
                .hasMessage("cannot read " + binary + ": it is not UTF-8 text");
    }

    private AbstractThrowableAssert<?, ? extends Throwable> refused(String text) {
        return assertThatThrownBy(() -> reader.parse(text, DEFAULTS)).isInstanceOf(InputException.class);
    }
}
