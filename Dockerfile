# Berth's image: Node, Node's libraries, the production packages, our sources as they are. `npm run image` makes the same
# without a registry and without a container builder; tools/image/dockerfile.test.ts holds the two together.
#
#   docker build -t berth:0.1.0 .
FROM node:24-bookworm-slim AS build
WORKDIR /berth
COPY package.json package-lock.json ./
# Scripts are for development: one of them fetches a Node.
RUN npm ci --omit=dev --ignore-scripts
# Types, source maps, and libraries for another runtime: a fifth of the image.
RUN find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.bare' \) -delete

# glibc, libstdc++ and libgcc, and neither a shell nor a package manager.
FROM gcr.io/distroless/cc-debian12
WORKDIR /berth
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /berth/node_modules node_modules
COPY LICENSE package.json ./
COPY cli cli
COPY kube kube
COPY model model
COPY proxy proxy
COPY runtime runtime
COPY scheduler-extender scheduler-extender
COPY sim sim
COPY vpa-recommender vpa-recommender
COPY web web
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/berth/cli/berth.ts"]
