package callfold.peers.fold;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.apache.avro.Schema;

/** The schema registry, through its Confluent-compatible API. Confluent's own client is not in Maven Central. */
public final class Registry {
  private final String url;
  private final HttpClient client = HttpClient.newHttpClient();

  public Registry(String url) {
    this.url = url;
  }

  /** A subject's latest schema. */
  public record Registered(int id, Schema schema) {}

  public Registered latest(String subject) {
    JsonNode answer = get("/subjects/" + subject + "/versions/latest");
    return new Registered(answer.get("id").asInt(), new Schema.Parser().parse(answer.get("schema").asText()));
  }

  public Schema byId(int id) {
    return new Schema.Parser().parse(get("/schemas/ids/" + id).get("schema").asText());
  }

  private JsonNode get(String path) {
    try {
      HttpRequest request = HttpRequest.newBuilder(URI.create(url + path)).build();
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() == 200) return new ObjectMapper().readTree(answer.body());
      throw new IllegalStateException(url + path + " answered " + answer.statusCode() + ": " + answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while asking the registry", e);
    }
  }
}
