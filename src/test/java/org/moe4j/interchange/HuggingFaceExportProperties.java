package org.moe4j.interchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.Balance;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.DType;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.CausalSelfAttention.QueryKeyNorm;
import org.moe4j.nn.Init;

/** Any model that a layout can say comes back as it was: spec and weights. */
class HuggingFaceExportProperties {
    @Property(tries = 25)
    void modelsComeBack(@ForAll boolean olmoe, @ForAll @IntRange(min = 1, max = 3) int layers, @ForAll @IntRange(min = 1, max = 5) int experts,
                        @ForAll @IntRange(min = 1, max = 3) int keyHeads, @ForAll @IntRange(min = 1, max = 2) int grouped, @ForAll @IntRange(min = 1, max = 3) int half,
                        @ForAll @IntRange(min = 1, max = 7) int hidden, @ForAll boolean tied, @ForAll boolean option, @ForAll @DoubleRange(max = 0.1) double balance,
                        @ForAll @IntRange(min = 200, max = 20_000) int shardBytes, @ForAll DType any) throws IOException {
        int heads = keyHeads * grouped;
        int dim = heads * 2 * half;
        CausalSelfAttention.Spec attention = CausalSelfAttention.Spec.rotary(heads, keyHeads, 5e5);
        attention = olmoe ? (option ? attention.withClip(2.5) : attention).withNorm(QueryKeyNorm.ALL_HEADS) : option ? attention.withHeadDim(2 * half + 2) : attention;
        TopKRouter.Spec router = new TopKRouter.Spec(experts, 1 + shardBytes % experts, olmoe && option ? 0 : 1, Balance.ALL_CHOICES, balance, 0);
        Transformer.Spec spec = new Transformer.Spec(11 + hidden, dim, 32, attention, tied,
            Repeat.everyBlock(layers, new MixtureOfExperts.Spec(router, new MlpExperts.Spec(hidden, Activation.SWIGLU, false))));
        DType dtype = any == DType.F16 || any == DType.BF16 ? any : DType.F32;
        Path folder = Files.createTempDirectory("huggingface");
        try (Backend on = Backends.open("simd", 1)) {
            Transformer model = spec.build(new Init(on, shardBytes));
            Path out = folder.resolve("out");
            new HuggingFaceExport(dtype, shardBytes).write(out, model, 3);
            assertLooksLikeTransformers(out, olmoe, dtype, shardBytes);
            try (HuggingFaceImport again = HuggingFaceImport.open(out)) {
                assertThat(again.modelType()).isEqualTo(olmoe ? "olmoe" : "mixtral");
                assertThat(again.spec().toString()).isEqualTo(withBalance(spec, again.spec()).toString());
                assertThat(balanceWeight(again.spec())).isCloseTo(balance, within(1e-12));
                Map<String, Parameter> loaded = HuggingFaceImport.byName(again.load(on));
                for (Parameter p : model.parameters()) {
                    double[] read = loaded.get(p.name()).value().toDoubles();
                    double[] written = p.value().toDoubles();
                    for (int i = 0; i < written.length; i++) {
                        double slack = dtype == DType.F32 ? 0 : Math.abs(written[i]) / (dtype == DType.F16 ? 2048 : 256) + 3e-8;
                        assertThat(Math.abs(read[i] - written[i])).as("%s [%d]", p.name(), i).isLessThanOrEqualTo(slack);
                    }
                }
            }
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
            }
        }
    }

    /** The one number that is divided by the layers and multiplied again. */
    private static Transformer.Spec withBalance(Transformer.Spec spec, Transformer.Spec from) {
        MixtureOfExperts.Spec mixture = (MixtureOfExperts.Spec) spec.feedForwards().getFirst();
        TopKRouter.Spec r = (TopKRouter.Spec) mixture.router();
        TopKRouter.Spec router = new TopKRouter.Spec(r.experts(), r.topK(), r.norm(), r.balance(), balanceWeight(from), r.zWeight());
        return new Transformer.Spec(spec.vocabulary(), spec.dim(), spec.sequence(), spec.attention(), spec.tied(),
            Repeat.everyBlock(spec.feedForwards().size(), new MixtureOfExperts.Spec(router, mixture.experts())));
    }

    private static double balanceWeight(Transformer.Spec spec) {
        return ((TopKRouter.Spec) ((MixtureOfExperts.Spec) spec.feedForwards().getFirst()).router()).balanceWeight();
    }

    /** What transformers looks at before it loads: class, type, the files' own mark, and an index that names every tensor once. */
    private static void assertLooksLikeTransformers(Path out, boolean olmoe, DType dtype, long shardBytes) throws IOException {
        JsonNode config = JsonFile.read(out.resolve("config.json"));
        assertThat(config.get("architectures").get(0).asText()).isEqualTo(olmoe ? "OlmoeForCausalLM" : "MixtralForCausalLM");
        assertThat(config.get("torch_dtype").asText()).isEqualTo(switch (dtype) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        });
        assertThat(config.get("eos_token_id").intValue()).isEqualTo(3);
        TreeSet<String> files = new TreeSet<>();
        try (Stream<Path> all = Files.list(out)) {
            all.map(p -> p.getFileName().toString()).forEach(files::add);
        }
        files.remove("config.json");
        boolean indexed = files.remove("model.safetensors.index.json");
        assertThat(indexed).isEqualTo(files.size() > 1);
        JsonNode map = indexed ? JsonFile.read(out.resolve("model.safetensors.index.json")).get("weight_map") : null;
        long total = 0;
        for (String name : files) {
            assertThat(name).matches(indexed ? "model-\\d{5}-of-%05d\\.safetensors".formatted(files.size()) : "model\\.safetensors");
            try (SafetensorsFile file = SafetensorsFile.open(out.resolve(name))) {
                file.verify();
                assertThat(file.metadata()).containsEntry("format", "pt");
                long bytes = file.names().stream().mapToLong(t -> file.segment(t).byteSize()).sum();
                assertThat(file.names().size() == 1 || bytes <= shardBytes).isTrue();
                total += bytes;
                for (String tensor : file.names()) {
                    assertThat(file.dtype(tensor)).isEqualTo(dtype);
                    assertThat(!indexed || map.get(tensor).asText().equals(name)).as(tensor).isTrue();
                }
            }
        }
        if (indexed) {
            assertThat(JsonFile.read(out.resolve("model.safetensors.index.json")).get("metadata").get("total_size").longValue()).isEqualTo(total);
        }
    }
}
