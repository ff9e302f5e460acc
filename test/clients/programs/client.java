// Java's own clients. Arguments: the URL of a Service of the mesh, and one that is encrypted, or "".
import java.net.*;
import java.net.http.*;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.*;
import java.util.concurrent.*;
import javax.net.ssl.*;

class Client {
  interface Asker { String ask(String method, String url, byte[] body) throws Exception; }

  static String plain, encrypted;

  public static void main(String[] args) throws Exception {
    plain = args[0];
    encrypted = args.length > 1 ? args[1] : "";
    SSLContext trusting = trusting();
    HttpsURLConnection.setDefaultSSLSocketFactory(trusting.getSocketFactory());
    HttpsURLConnection.setDefaultHostnameVerifier((host, session) -> true);
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(trusting)
        .followRedirects(HttpClient.Redirect.NORMAL).build();
    HttpClient direct = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(trusting)
        .followRedirects(HttpClient.Redirect.NORMAL).proxy(HttpClient.Builder.NO_PROXY).build();
    Map<String, Map<String, String>> results = new LinkedHashMap<>();
    results.put("Java HttpClient", all((method, url, body) -> with(client, method, url, body)));
    // A client of its own: Java 17 sends a WebSocket's request into a kept connection to the proxy as if that were a tunnel.
    results.get("Java HttpClient").put("webSocket", tried(() -> webSocket(HttpClient.newHttpClient())));
    results.put("Java HttpURLConnection", all(Client::withConnection));
    results.put("Java HttpClient with NO_PROXY", all((method, url, body) -> with(direct, method, url, body)));
    System.out.println(json(results));
    System.exit(0);
  }

  static Map<String, String> all(Asker asker) {
    Map<String, String> results = new LinkedHashMap<>();
    byte[] none = null;
    byte[] body = new byte[5_000_000];
    Arrays.fill(body, (byte) 'x');
    results.put("hello", tried(() -> asker.ask("GET", plain + "hello", none)));
    if (!results.get("hello").startsWith("error")) {
      results.put("kept", tried(() -> {
        for (int time = 1; time < 5; time++) asker.ask("GET", plain + "kept/" + time, none);
        return asker.ask("GET", plain + "kept/5", none);
      }));
      results.put("echoed", tried(() -> asker.ask("POST", plain + "echo", body)));
      results.put("large", tried(() -> HexFormat.of().formatHex(
          MessageDigest.getInstance("SHA-256").digest(asker.ask("GET", plain + "large", none).getBytes()))));
      results.put("redirected", tried(() -> asker.ask("GET", plain + "redirect", none)));
    }
    if (!encrypted.isEmpty()) results.put("encrypted", tried(() -> asker.ask("GET", encrypted, none)));
    return results;
  }

  static String with(HttpClient client, String method, String url, byte[] body) throws Exception {
    HttpRequest.BodyPublisher publisher =
        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body);
    return client.send(HttpRequest.newBuilder(URI.create(url)).method(method, publisher).build(),
        HttpResponse.BodyHandlers.ofString()).body();
  }

  static String withConnection(String method, String url, byte[] body) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
    connection.setRequestMethod(method);
    if (body != null) {
      connection.setDoOutput(true);
      connection.setFixedLengthStreamingMode(body.length);
      connection.getOutputStream().write(body);
    }
    return new String(connection.getInputStream().readAllBytes());
  }

  static String webSocket(HttpClient client) throws Exception {
    CompletableFuture<String> heard = new CompletableFuture<>();
    WebSocket socket = client.newWebSocketBuilder().buildAsync(URI.create(plain.replace("http:", "ws:") + "ws"),
        new WebSocket.Listener() {
          @Override
          public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean isLast) {
            heard.complete(text.toString());
            return null;
          }
        }).get(20, TimeUnit.SECONDS);
    socket.sendText("hello", true);
    String text = heard.get(20, TimeUnit.SECONDS);
    socket.abort();
    return text;
  }

  static String tried(Callable<String> attempt) {
    try {
      return attempt.call();
    } catch (Exception error) {
      return "error: " + (error instanceof ExecutionException ? error.getCause() : error).getClass().getSimpleName();
    }
  }

  static SSLContext trusting() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new X509ExtendedTrustManager() {
      public void checkClientTrusted(X509Certificate[] chain, String type) {}
      public void checkServerTrusted(X509Certificate[] chain, String type) {}
      public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}
      public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}
      public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}
      public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}
      public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    }}, null);
    return context;
  }

  static String json(Map<String, Map<String, String>> results) {
    StringJoiner all = new StringJoiner(",", "{", "}");
    results.forEach((name, values) -> {
      StringJoiner one = new StringJoiner(",", "{", "}");
      values.forEach((key, value) -> one.add("\"" + key + "\":\"" + value.replace("\"", "'").replace("\n", " ") + "\""));
      all.add("\"" + name + "\":" + one);
    });
    return all.toString();
  }
}
