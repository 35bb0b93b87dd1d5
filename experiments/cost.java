// What does a model cost? Parameters, FLOPs, bytes and energy of a named architecture or a spec.yaml, part by part; --list, --all
import org.moe4j.cli.Costs;

void main(String[] args) {
    System.exit(Costs.run(args));
}
