# One image for every role:  docker build -t callfold .  &&  docker run callfold serve outcomes
# No docker here? `node infra/test/run.mjs --only image` does the same steps in a folder; docs/deploy.md says how far that goes.

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /callfold
ENV DO_NOT_TRACK=1 TURBO_TELEMETRY_DISABLED=1
COPY package.json package-lock.json turbo.json tsconfig.base.json ./
COPY schemas schemas
COPY libs libs
COPY services services
RUN npm ci --no-audit --no-fund
RUN npm run build
# What runs has neither sources nor what built them.
RUN npm prune --omit=dev --no-audit --no-fund
RUN find schemas libs services -mindepth 1 -maxdepth 2 \( -name src -o -name web -o -name test -o -name frozen -o -name '.turbo' \) -prune -exec rm -rf {} +
RUN rm -rf .turbo turbo.json tsconfig.base.json

FROM node:20.20.2-bookworm-slim
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
WORKDIR /callfold
ENV NODE_ENV=production CALLFOLD_HTTP_HOST=0.0.0.0
# Owned by root: the process can write nothing of it.
COPY --from=build /callfold ./
EXPOSE 8080
# node itself is process 1: SIGTERM reaches it, and the service stops in order.
ENTRYPOINT ["node", "services/cli/bin/callfold.js"]
CMD ["--help"]
